/** Reports of the server (`pmat:/leaks.md`), rendered: what VS Code shows where one is opened, its links included. */

import * as vscode from "vscode";
import { messageOf } from "./client";
import { reveal } from "./hops";
import type { FromReport, ToReport } from "./pages";
import { Tab } from "./tab";
import { lineOf } from "./texts";

/** As package.json declares it. */
export const REPORT = "pmat.report";
/** Of the URIs of reports. */
export const SCHEME = "pmat";

/** Open a report in front; in a tab that stays, since VS Code finds no way back to one that was replaced. */
export async function openReport(uri: string): Promise<void> {
    await vscode.commands.executeCommand("vscode.open", vscode.Uri.parse(uri, true), { preview: false });
}

/** A report in its tab. */
export class Report extends Tab<FromReport, ToReport> {
    protected async hear(message: FromReport): Promise<void> {
        if (message.type === "ready") {
            return this.draw();
        }
        const target = vscode.Uri.parse(message.target, true);
        if (target.scheme === SCHEME) {
            return openReport(message.target);
        }
        if (target.scheme === "file") {
            const start = { line: lineOf(target.fragment), character: 0 };
            await reveal({ uri: target.with({ fragment: "" }).toString(), range: { start, end: start } });
        }
    }

    protected async draw(): Promise<void> {
        const { state } = this.model.front;
        if (state === "stopped") {
            return this.say("The pmat-lsp server is not running.", true);
        }
        if (!this.connection.isRunning || state === "loading") {
            return;
        }
        try {
            const params = { uri: this.uri.toString() };
            const { text } = await this.connection.request<{ text: string }>("workspace/textDocumentContent", params);
            this.send({ type: "report", text });
        } catch (error) {
            this.say(messageOf(error), true);
        }
    }
}
