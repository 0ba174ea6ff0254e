/** Commands that ask the server something, with what they need to know asked of the user first. */

import * as vscode from "vscode";
import { type Connection, messageOf } from "./client";
import type { Model } from "./model";
import type { Catalogue, Leaks, Parameter, Question } from "./protocol";
import { nameOf, sentences } from "./texts";

const DUMPS = "**/*.{pmat,pmat.gz,pmat.xz,pmat.zst}";

/** Asks. */
export class Asking {
    constructor(
        private readonly connection: Connection,
        private readonly model: Model,
    ) {}

    /** Choose a question, say what it needs, and open the answer. */
    async ask(): Promise<void> {
        const question = await this.chooseQuestion();
        const words = question && (await wordsFor(question));
        if (words) {
            await vscode.commands.executeCommand("pmat.run", question.name, ...words);
        }
    }

    /** Ask for an SV, and open the ways that lead to it. */
    async identify(): Promise<void> {
        const selected = vscode.window.activeTextEditor;
        const value = selected?.document.getText(selected.selection) ?? "";
        const sv = await vscode.window.showInputBox({
            title: "Identify an SV",
            prompt: "An address (0x…), a root (defstash), a symbol ($Net::Client::pool) or FILE:LINE",
            value: /^0x[\da-f]+$/i.test(value) ? value : "",
            ignoreFocusOut: true,
        });
        if (sv) {
            await vscode.commands.executeCommand("pmat.identify", sv.trim());
        }
    }

    /** Choose a dump and open it. */
    async openDump(): Promise<void> {
        const uri = await chooseDump("Open a heap dump");
        if (uri) {
            await vscode.commands.executeCommand("pmat.load", uri.toString());
        }
    }

    /** Choose the dump that is to be in front. */
    async switchDump(): Promise<void> {
        const { dumps } = await this.connection.request<Leaks>("pmat/leaks", {});
        const picks = dumps.map(({ name, path, when, open, front, uri }) => ({
            label: `$(${front ? "check" : "database"}) ${name}`,
            description: [front ? "in front" : open ? "open" : "", vscode.workspace.asRelativePath(path)]
                .filter((text) => text && text !== name)
                .join(", "),
            detail: when ? `written ${new Date(when).toLocaleString()}` : "",
            act: () => vscode.commands.executeCommand("pmat.load", uri),
        }));
        const others = [
            { label: "", kind: vscode.QuickPickItemKind.Separator, act: async () => undefined },
            { label: "$(graph) Open the overview", act: () => this.openOverview() },
            { label: "$(folder-opened) Another file…", act: () => this.openDump() },
        ];
        const picked = await vscode.window.showQuickPick([...picks, ...others], {
            title: "Switch the heap dump",
            placeHolder: "The heap dump whose leaks are shown",
        });
        await picked?.act();
    }

    /** Choose two dumps, and open what changed from the one to the other. */
    async compare(): Promise<void> {
        const older = await chooseDump("Compare: the older heap dump");
        const newer = older && (await chooseDump("Compare: the newer heap dump", older));
        if (older && newer) {
            await vscode.commands.executeCommand("pmat.compare", older.toString(), newer.toString());
        }
    }

    /** Open the overview of the dump in front. */
    async openOverview(): Promise<void> {
        const dump = this.model.leaks?.dump;
        if (dump) {
            await vscode.commands.executeCommand("vscode.open", vscode.Uri.parse(dump.uri));
        } else {
            await this.openDump();
        }
    }

    private async chooseQuestion(): Promise<Question | undefined> {
        try {
            const { questions } = await this.connection.request<Catalogue>("pmat/catalogue", {});
            const picks = questions
                .filter(({ dumps }) => dumps.least === 1)
                .map((question) => ({ label: question.name, detail: question.title, question }));
            const picked = await vscode.window.showQuickPick(picks, {
                title: "Run an analysis",
                placeHolder: "What to ask of the heap dump",
                matchOnDetail: true,
            });
            return picked?.question;
        } catch (error) {
            void vscode.window.showErrorMessage(sentences(messageOf(error)));
            return undefined;
        }
    }
}

/** The words behind the name of a question; undefined where the user gave up. */
async function wordsFor({ name, parameters }: Question): Promise<string[] | undefined> {
    const words: string[] = [];
    for (const parameter of parameters.filter(({ positional, takes }) => positional || isList(takes))) {
        const value = await typed(name, parameter);
        if (value === undefined) {
            return undefined;
        }
        words.push(...(isList(parameter.takes) ? value.split(/\s+/) : [value]).filter(Boolean));
    }
    const options = parameters.filter(({ positional, takes }) => !positional && !isList(takes));
    const chosen = options.length ? await chooseOptions(name, options) : [];
    for (const option of chosen ?? []) {
        const given = await optionWords(name, option);
        if (!given) {
            return undefined;
        }
        words.push(...given);
    }
    return chosen && words;
}

function isList(takes: string): boolean {
    return takes === "words" || takes === "terms";
}

async function typed(name: string, parameter: Parameter): Promise<string | undefined> {
    const title = `${name}: ${parameter.name}`;
    if (parameter.choices.length) {
        return vscode.window.showQuickPick(parameter.choices, { title, placeHolder: parameter.help });
    }
    return vscode.window.showInputBox({
        title,
        prompt: parameter.help,
        value: String(parameter.default ?? ""),
        ignoreFocusOut: true,
        validateInput: (value) => (parameter.required && !value.trim() ? `${name} needs it` : undefined),
    });
}

async function chooseOptions(name: string, options: readonly Parameter[]): Promise<Parameter[] | undefined> {
    const picks = options.map((option) => ({ label: optionName(option), description: option.help, option }));
    const picked = await vscode.window.showQuickPick(picks, {
        title: `${name}: options`,
        placeHolder: "Any options? Enter for none",
        canPickMany: true,
    });
    return picked?.map(({ option }) => option);
}

async function optionWords(name: string, option: Parameter): Promise<string[] | undefined> {
    if (option.takes === "flag") {
        return [optionName(option)];
    }
    const value = await typed(name, option);
    return value === undefined ? undefined : [optionName(option), value];
}

function optionName({ name }: Parameter): string {
    return `--${name.replaceAll("_", "-")}`;
}

async function chooseDump(title: string, without?: vscode.Uri): Promise<vscode.Uri | undefined> {
    const found = await vscode.workspace.findFiles(DUMPS, undefined, 200);
    const picks = found
        .filter((uri) => uri.toString() !== without?.toString())
        .map((uri) => ({ label: nameOf(uri.path), description: vscode.workspace.asRelativePath(uri), uri }));
    const other = { label: "Another file…", description: "", uri: undefined };
    const picked = await vscode.window.showQuickPick([...picks, other], { title, placeHolder: "A heap dump (.pmat)" });
    if (!picked || picked.uri) {
        return picked?.uri;
    }
    const chosen = await vscode.window.showOpenDialog({
        title,
        filters: { "Perl heap dumps": ["pmat", "gz", "xz", "zst"] },
    });
    return chosen?.[0];
}
