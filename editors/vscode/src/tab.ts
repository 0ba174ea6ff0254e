/** A tab of ours: it talks with the page in it, and draws that anew as soon as another dump is in front. */

import * as vscode from "vscode";
import type { Connection } from "./client";
import type { Model } from "./model";
import type { NoticePage } from "./pages";

/** The tab of one URI, whose page says `Heard` and is sent `Sent` or a notice. */
export abstract class Tab<Heard, Sent> implements vscode.Disposable {
    private readonly heard: vscode.Disposable;

    constructor(
        protected readonly uri: vscode.Uri,
        private readonly webview: vscode.Webview,
        protected readonly model: Model,
        protected readonly connection: Connection,
    ) {
        this.heard = vscode.Disposable.from(
            webview.onDidReceiveMessage((message: Heard) => void this.hear(message)),
            model.onDidChange(() => void this.draw()),
        );
    }

    dispose(): void {
        this.heard.dispose();
    }

    protected abstract hear(message: Heard): Promise<void>;

    protected abstract draw(): Promise<void>;

    protected say(message: string, error = false): void {
        this.send({ type: "notice", message, error });
    }

    protected send(message: Sent | NoticePage): void {
        void this.webview.postMessage(message);
    }
}
