/** The picture of a chain, beside the source; the hop under the cursor is marked in both. */

import * as vscode from "vscode";
import { canonical, cursorOf, type Walk } from "./hops";
import type { Model } from "./model";
import { placeText } from "./overview";
import { pageHtml, pageOptions } from "./page";
import type { FromPicture, PicturePage, ToPicture } from "./pages";
import type { Finding } from "./protocol";
import { hopAt } from "./stops";

/** Holds the one picture of this window. */
export class Pictures implements vscode.Disposable {
    private panel: vscode.WebviewPanel | null = null;
    private finding: Finding | null = null;
    private readonly heard: vscode.Disposable;

    constructor(
        private readonly extension: vscode.Uri,
        private readonly model: Model,
        private readonly walk: Walk,
    ) {
        this.heard = vscode.Disposable.from(
            walk.onDidMove(() => this.markHop()),
            model.onDidChange(() => this.follow()),
            vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.markLine(textEditor)),
        );
    }

    /** Draw a finding; the heaviest where none is named. */
    show(id?: string): void {
        const { findings } = this.model;
        this.finding = findings.find((finding) => finding.id === id) ?? findings[0] ?? null;
        if (!this.finding) {
            void vscode.window.showInformationMessage("The open heap dump has no leak to draw.");
            return;
        }
        if (this.panel) {
            this.panel.reveal(undefined, true);
            this.draw();
            return;
        }
        const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
        const panel = vscode.window.createWebviewPanel(
            "pmat.picture",
            "Leak chain",
            place,
            pageOptions(this.extension),
        );
        panel.onDidDispose(() => {
            this.panel = null;
        });
        panel.webview.onDidReceiveMessage((message: FromPicture) => void this.hear(message));
        panel.webview.html = pageHtml(panel.webview, this.extension, "picture", "Leak chain");
        this.panel = panel;
    }

    dispose(): void {
        this.heard.dispose();
        this.panel?.dispose();
    }

    private async hear(message: FromPicture): Promise<void> {
        if (message.type === "ready") {
            this.draw();
        } else if (message.type === "sv") {
            await vscode.commands.executeCommand("pmat.show", message.address);
        } else if (this.finding) {
            await this.walk.goTo({ finding: this.finding, hop: message.hop });
        }
    }

    private follow(): void {
        const now = this.model.findings.find(({ id }) => id === this.finding?.id);
        if (this.panel && now && now !== this.finding) {
            this.finding = now;
            this.draw();
        }
    }

    private draw(): void {
        if (this.finding) {
            this.send(pageOf(this.finding));
            this.markHop();
        }
    }

    private markHop(): void {
        const step = this.walk.current;
        this.send({ type: "hop", hop: step && step.finding.id === this.finding?.id ? step.hop : null });
    }

    private markLine(editor: vscode.TextEditor): void {
        const step = this.walk.current;
        const walked = step && step.finding.id === this.finding?.id ? step.hop : null;
        const hop = this.finding ? hopAt(canonical(this.finding), cursorOf(editor), walked) : null;
        if (hop !== null) {
            this.send({ type: "hop", hop });
        }
    }

    private send(message: ToPicture): void {
        void this.panel?.webview.postMessage(message);
    }
}

function pageOf({ title, graph, hops }: Finding): PicturePage {
    return {
        type: "picture",
        title,
        nodes: graph.nodes.map(({ id, kind, label, address }) => ({ id: String(id), kind, label, address })),
        edges: graph.edges.map(({ from, to, label, strength }, number) => ({
            id: number,
            from: String(from),
            to: String(to),
            label,
            strength,
            place: placeText(hops[number]?.place ?? null),
        })),
    };
}
