/** The commands of the rows of the views. */

import * as vscode from "vscode";
import type { HandleRow } from "./handlesView";
import { reveal, type Walk } from "./hops";
import type { LeaksTree, Row } from "./leaksView";
import type { Model } from "./model";
import type { Pictures } from "./pictures";
import type { Address, Finding } from "./protocol";
import { bytes, codeSpan, counted, escaped } from "./texts";

type AnyRow = Row | HandleRow;

/** Register them. */
export function registerRowCommands(model: Model, walk: Walk, pictures: Pictures, leaks: LeaksTree): vscode.Disposable {
    const { registerCommand, executeCommand } = vscode.commands;
    const hideIgnored = async (hide: boolean): Promise<void> => {
        leaks.show({ hideIgnored: hide });
        await executeCommand("setContext", "pmat.ignoredHidden", hide);
    };
    return vscode.Disposable.from(
        registerCommand("pmat.goToHop", async (id: string, hop: number) => {
            const finding = model.findings.find((other) => other.id === id);
            if (finding) {
                await walk.goTo({ finding, hop }, true);
            }
        }),
        registerCommand("pmat.goToSource", async (row: AnyRow) => {
            const place = "type" in row && row.type === "hop" ? row.hop.place : findingOf(row)?.place;
            if (place) {
                await reveal(place);
            }
        }),
        registerCommand("pmat.showPicture", (row?: AnyRow | string) =>
            pictures.show(typeof row === "string" ? row : row && findingOf(row)?.id),
        ),
        registerCommand("pmat.ignoreFinding", async (row: AnyRow) => {
            const place = findingOf(row)?.place;
            if (place) {
                await ignore(await reveal(place));
            }
        }),
        registerCommand("pmat.copyFinding", async (row: AnyRow) => {
            const finding = findingOf(row);
            if (finding) {
                await vscode.env.clipboard.writeText(markdownOf(finding, model));
                vscode.window.setStatusBarMessage("Copied as Markdown", 5_000);
            }
        }),
        registerCommand("pmat.identifyNode", (row: AnyRow) => executeCommand("pmat.identify", addressOf(row))),
        registerCommand("pmat.showNode", (row: AnyRow) => executeCommand("pmat.show", addressOf(row))),
        registerCommand("pmat.filterLeaks", async () => {
            const text = await vscode.window.showInputBox({
                title: "Filter the leaks",
                prompt: "A part of the title, the pattern, a class or the chain; nothing for all of them",
                value: leaks.filterText,
            });
            if (text !== undefined) {
                leaks.show({ text: text.trim() });
            }
        }),
        registerCommand("pmat.hideIgnored", () => hideIgnored(true)),
        registerCommand("pmat.showIgnored", () => hideIgnored(false)),
    );
}

function findingOf(row: AnyRow): Finding | undefined {
    return "finding" in row ? row.finding : undefined;
}

/** Put the comment of the quick fix on the line of the cursor, and select the reason, which is yet to be written. */
async function ignore(editor: vscode.TextEditor): Promise<void> {
    const { document, selection } = editor;
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        "vscode.executeCodeActionProvider",
        document.uri,
        selection,
        vscode.CodeActionKind.QuickFix.value,
    );
    const edit = actions.find(({ title }) => title.startsWith("Ignore this "))?.edit;
    if (edit && (await vscode.workspace.applyEdit(edit))) {
        const { text, range } = document.lineAt(selection.active.line);
        const reason = /# pmat: ignore\[[\w-]+\] (.*)$/.exec(text)?.[1] ?? "";
        editor.selection = new vscode.Selection(range.end.translate(0, -reason.length), range.end);
    }
}

function addressOf(row: AnyRow): Address | undefined {
    if (!("type" in row)) {
        return row.address;
    }
    switch (row.type) {
        case "finding":
            return row.finding.addresses[0];
        case "hop":
            return row.hop.address;
        case "holder":
            return row.holder.address;
        case "more":
            return row.address;
    }
}

/** A finding for a bug report. */
function markdownOf(finding: Finding, model: Model): string {
    const dump = model.leaks?.dump;
    const files = finding.handles.length ? `, ${counted(finding.handles.length, "file handle")}` : "";
    const hops = finding.hops.map(
        ({ from, via, to }, number) => `${number + 1}. ${codeSpan(from)} ${codeSpan(via)} → ${codeSpan(to)}`,
    );
    const places = finding.places.map(
        ({ uri, range, text }) =>
            `- ${escaped(`${vscode.workspace.asRelativePath(vscode.Uri.parse(uri))}:${range.start.line + 1}: ${text}`)}`,
    );
    return [
        `### ${escaped(finding.title)} (\`${finding.pattern}\`)`,
        "",
        `${bytes(finding.bytes)}${files}: ${escaped(finding.shape)}`,
        "",
        ...hops,
        "",
        ...places,
        "",
        `Cure: ${escaped(finding.cure)}`,
        "",
        dump ? `From the heap dump ${escaped(dump.name)} of perl ${dump.perl}, ${counted(dump.svs, "SV")}.` : "",
        "",
    ].join("\n");
}
