/** `pmat: Fix and Verify…`: a fix is tried on the program itself, and made only if that does the same with it. */

import * as vscode from "vscode";
import type { WorkspaceEdit } from "vscode-languageclient";
import { type Connection, messageOf } from "./client";
import type { Row } from "./leaksView";
import type { Model } from "./model";
import type { Finding, Fixes, Trial, Verification } from "./protocol";
import { sentences } from "./texts";

const SETTING = "verifyCommand";
/** Of the documents that show what a fix changes. */
const SCHEME = "pmat-diff";
/** Where it is kept of which commands the user was warned. */
const WARNED = "pmat.warnedOfCommands";
const RUN = "Run It";
const TRUST = "Manage Workspace Trust";
const APPLY = "Apply";
const CHANGES = "Show the Changes";
const OTHER = "Another Command…";

/** Tries fixes. */
export class Verifying implements vscode.Disposable {
    private readonly diffs = new Map<string, string>();
    private readonly provided = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
        provideTextDocumentContent: (uri) => this.diffs.get(uri.path),
    });

    constructor(
        private readonly connection: Connection,
        private readonly model: Model,
        private readonly memory: vscode.Memento,
    ) {}

    dispose(): void {
        this.provided.dispose();
    }

    /** Try the fixes of a finding: a row of the view, the id of one, else the one under the cursor, or chosen. */
    async verify(what?: Row | string): Promise<void> {
        if (!vscode.workspace.isTrusted) {
            const message = "A command of an untrusted folder is not run.";
            if (await vscode.window.showWarningMessage(message, TRUST)) {
                await vscode.commands.executeCommand("workbench.trust.manage");
            }
            return;
        }
        try {
            const id = typeof what === "string" ? what : what && "finding" in what ? what.finding.id : undefined;
            const chosen = id ?? (await this.choose())?.id;
            if (chosen) {
                await this.tryFixes(chosen, false);
            }
        } catch (error) {
            if (!(error instanceof vscode.CancellationError)) {
                void vscode.window.showErrorMessage(sentences(messageOf(error)));
            }
        }
    }

    private async tryFixes(finding: string, askAgain: boolean): Promise<void> {
        const known = await this.connection.request<Fixes>("pmat/fixes", { finding });
        if (!known.fixes.length) {
            const text = `There is no fix to try: ${known.whyNone}. By hand: ${known.byHand}`;
            void vscode.window.showWarningMessage(sentences(text));
            return;
        }
        const folder = known.folder ? vscode.Uri.parse(known.folder) : undefined;
        const command = await this.command(folder, known.command, askAgain);
        if (!command || !(await this.isWarned(command, known.warning))) {
            return;
        }
        await saveIn(folder);
        const verification = await this.run(finding, command);
        if (verification) {
            await this.tell(finding, verification);
        }
    }

    /** The command line of the settings; where there is none, it is asked for and kept there. */
    private async command(
        folder: vscode.Uri | undefined,
        usual: string,
        askAgain: boolean,
    ): Promise<string | undefined> {
        const settings = vscode.workspace.getConfiguration("pmat", folder);
        const kept = settings.get(SETTING, "").trim();
        if (kept && !askAgain) {
            return kept;
        }
        const typed = await vscode.window.showInputBox({
            title: "Fix and verify: the command",
            prompt: "What runs the program, or its tests, so that the leak shows; from the workspace folder, without a shell",
            placeHolder: "prove -l t",
            value: kept || usual,
            ignoreFocusOut: true,
        });
        const command = typed?.trim();
        if (command && command !== kept) {
            const { WorkspaceFolder, Global } = vscode.ConfigurationTarget;
            const isInWorkspace = folder && vscode.workspace.getWorkspaceFolder(folder);
            await settings.update(SETTING, command, isInWorkspace ? WorkspaceFolder : Global);
        }
        return command;
    }

    /** Warn once of a command what running it means. */
    private async isWarned(command: string, warning: string): Promise<boolean> {
        const warned = this.memory.get<readonly string[]>(WARNED, []);
        if (warned.includes(command)) {
            return true;
        }
        const detail = `${warning.charAt(0).toUpperCase()}${warning.slice(1)}.`;
        const options = { modal: true, detail };
        if ((await vscode.window.showWarningMessage(`Run “${command}”?`, options, RUN)) !== RUN) {
            return false;
        }
        await this.memory.update(WARNED, [...warned, command]);
        return true;
    }

    private run(finding: string, command: string): Thenable<Verification | undefined> {
        const options = {
            location: vscode.ProgressLocation.Notification,
            title: sentences(`Verifying the fix with “${command}”`),
            cancellable: true,
        };
        return vscode.window.withProgress(options, async (progress, token) => {
            try {
                return await this.connection.requestWithProgress<Verification>(
                    "pmat/verify",
                    { finding, command },
                    (message) => progress.report({ message: sentences(message) }),
                    token,
                );
            } catch (error) {
                if (token.isCancellationRequested) {
                    return undefined;
                }
                throw error;
            }
        });
    }

    /** Say what the runs have shown; a fix that they verified can be made. */
    private async tell(finding: string, { trials, notes }: Verification): Promise<void> {
        for (const { title, outcome } of trials) {
            this.connection.log.info(`${title}: ${outcome}`);
        }
        const trial = trials.find(({ verified }) => verified) ?? trials.at(-1);
        if (!trial) {
            return;
        }
        const said = sentences([`${trial.title}: ${trial.outcome}`, ...notes].join("\n"));
        if (trial.edit) {
            return this.offer(said, trial, trial.edit);
        }
        const buttons = trial.verified === null ? [OTHER] : trial.diff ? [CHANGES] : [];
        const answer = await vscode.window.showWarningMessage(`Not applied. ${said}`, ...buttons);
        if (answer === OTHER) {
            await this.tryFixes(finding, true);
        } else if (answer === CHANGES) {
            await this.show(trial);
        }
    }

    private async offer(said: string, trial: Trial, edit: WorkspaceEdit): Promise<void> {
        const documents = await this.documentsOf(edit);
        let answer = await vscode.window.showInformationMessage(said, APPLY, CHANGES);
        if (answer === CHANGES) {
            await this.show(trial);
            answer = await vscode.window.showInformationMessage(said, APPLY);
        }
        if (answer !== APPLY) {
            return;
        }
        if (documents.some(({ document, version }) => document.version !== version)) {
            void vscode.window.showWarningMessage("Not applied: a file has changed since the fix was verified.");
            return;
        }
        await this.connection.applyEdit(edit);
    }

    /** The documents of an edit, each with the version of the text that was verified. */
    private documentsOf(edit: WorkspaceEdit): Promise<{ document: vscode.TextDocument; version: number }[]> {
        const changes = (edit.documentChanges ?? []).flatMap((change) => ("edits" in change ? [change] : []));
        return Promise.all(
            changes.map(async ({ textDocument }) => {
                const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(textDocument.uri));
                return { document, version: textDocument.version ?? document.version };
            }),
        );
    }

    private async show({ title, diff }: Trial): Promise<void> {
        const path = `/${title.replaceAll("/", " ")}.diff`;
        this.diffs.set(path, diff);
        await vscode.window.showTextDocument(vscode.Uri.from({ scheme: SCHEME, path }));
    }

    private async choose(): Promise<Finding | undefined> {
        const leaks = this.model.findings.filter(({ verdict, ignored }) => verdict === "leaked" && ignored === null);
        const editor = vscode.window.activeTextEditor;
        const here = leaks.filter(({ places }) =>
            places.some(
                ({ uri, range }) =>
                    vscode.Uri.parse(uri).toString() === editor?.document.uri.toString() &&
                    range.start.line === editor.selection.active.line,
            ),
        );
        const candidates = here.length ? here : leaks;
        if (candidates.length <= 1) {
            if (!candidates.length) {
                void vscode.window.showInformationMessage("There is no leak to fix.");
            }
            return candidates[0];
        }
        const picks = candidates.map((finding) => ({ label: finding.title, description: finding.chain, finding }));
        const picked = await vscode.window.showQuickPick(picks, { title: "Fix and verify: which leak?" });
        return picked?.finding;
    }
}

/** Save what is changed in a folder: the command runs with the files on the disk. */
async function saveIn(folder: vscode.Uri | undefined): Promise<void> {
    const changed = vscode.workspace.textDocuments.filter(
        ({ isDirty, uri }) => isDirty && uri.scheme === "file" && folder && uri.path.startsWith(`${folder.path}/`),
    );
    await Promise.all(changed.map((document) => document.save()));
}
