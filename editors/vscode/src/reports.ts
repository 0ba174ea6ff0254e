/** Reports of the server (`pmat:/leaks.md`), rendered: what VS Code shows where one is opened, its links included. */

import * as vscode from "vscode";
import { type Connection, messageOf } from "./client";
import { reveal } from "./hops";
import type { Model } from "./model";
import type { FromReport, ToReport } from "./pages";
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
export class Report implements vscode.Disposable {
    private readonly heard: vscode.Disposable;

    constructor(
        private readonly uri: vscode.Uri,
        private readonly webview: vscode.Webview,
        private readonly model: Model,
        private readonly connection: Connection,
    ) {
        this.heard = vscode.Disposable.from(
            webview.onDidReceiveMessage((message: FromReport) => void this.hear(message)),
            // It is about the dump in front, which may be another one now.
            model.onDidChange(() => void this.draw()),
        );
    }

    dispose(): void {
        this.heard.dispose();
    }

    private async hear(message: FromReport): Promise<void> {
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

    private async draw(): Promise<void> {
        const { state } = this.model.front;
        if (state === "stopped") {
            return this.send({ type: "notice", message: "The pmat-lsp server is not running.", error: true });
        }
        if (!this.connection.isRunning || state === "loading") {
            return;
        }
        try {
            const params = { uri: this.uri.toString() };
            const { text } = await this.connection.request<{ text: string }>("workspace/textDocumentContent", params);
            this.send({ type: "report", text });
        } catch (error) {
            this.send({ type: "notice", message: messageOf(error), error: true });
        }
    }

    private send(message: ToReport): void {
        void this.webview.postMessage(message);
    }
}
