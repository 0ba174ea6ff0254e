/** The status bar item: which dump is in front, and how it is. */

import * as vscode from "vscode";
import type { Front, Model } from "./model";
import { counted } from "./texts";

/** Tells about the dump at the bottom of the window. */
export class Status implements vscode.Disposable {
    private readonly item = vscode.window.createStatusBarItem("pmat.status", vscode.StatusBarAlignment.Left, 10);
    private readonly heard: vscode.Disposable;

    constructor(private readonly model: Model) {
        this.item.name = "Perl heap dump";
        this.heard = model.onDidChange(() => this.show());
        this.show();
    }

    dispose(): void {
        this.heard.dispose();
        this.item.dispose();
    }

    private show(): void {
        const { text, tooltip, command, warn } = told(this.model.front);
        this.item.text = text;
        this.item.tooltip = tooltip;
        this.item.command = command;
        this.item.backgroundColor = warn ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
        this.item.accessibilityInformation = { label: `${text.replace(/\$\([^)]*\)/g, "")}: ${tooltip}` };
        this.item.show();
    }
}

interface Told {
    readonly text: string;
    readonly tooltip: string;
    readonly command: string;
    readonly warn?: boolean;
}

function told(front: Front): Told {
    switch (front.state) {
        case "stopped":
            return {
                text: "$(debug-disconnect) pmat",
                tooltip: "The pmat-lsp server is not running",
                command: "pmat.restart",
                warn: true,
            };
        case "none":
            return { text: "$(database) pmat", tooltip: "No Perl heap dump is open", command: "pmat.openDump" };
        case "loading":
            // The progress is among the notifications, with its button to cancel.
            return {
                text: `$(loading~spin) ${front.name}`,
                tooltip: "Reading the heap dump: show how far, or cancel it",
                command: "notifications.showList",
            };
        case "failed":
            return { text: `$(error) ${front.name}`, tooltip: front.message, command: "pmat.showLog", warn: true };
        case "ready": {
            const leaks = front.leaks.findings.filter((finding) => finding.ignored === null).length;
            return {
                text: `$(database) ${front.leaks.dump?.name ?? "pmat"}: ${leaks ? counted(leaks, "leak") : "no leak"}`,
                tooltip: "The Perl heap dump whose leaks are shown: choose another one, or open its overview",
                command: "pmat.switchDump",
            };
        }
    }
}
