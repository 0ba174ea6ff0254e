/** What the server last said of the dump in front; everything that is shown hangs on it. */

import * as vscode from "vscode";
import { type Connection, messageOf, type ServerState } from "./client";
import type { Changed, Finding, Leaks } from "./protocol";
import { nameOf } from "./texts";

/** How the dump in front is, and the server with it. */
export type Front =
    | { readonly state: "stopped" | "none" }
    | { readonly state: "loading"; readonly name: string }
    | { readonly state: "failed"; readonly name: string; readonly message: string }
    | { readonly state: "ready"; readonly leaks: Leaks };

/** Milliseconds without a key that are a pause. */
const PAUSE = 500;
const NOTHING: readonly Finding[] = [];

/** Keeps the leaks of the dump in front. */
export class Model implements vscode.Disposable {
    private readonly changed = new vscode.EventEmitter<void>();
    /** Fires when anything here is different from before. */
    readonly onDidChange = this.changed.event;
    private current: Front = { state: "none" };
    private last: Leaks | null = null;
    private readonly heard: vscode.Disposable;
    private pause: NodeJS.Timeout | undefined;

    constructor(private readonly connection: Connection) {
        this.heard = vscode.Disposable.from(
            connection.onNotification<Changed>("pmat/changed", (change) => void this.follow(change)),
            connection.onDidChange((state) => this.followServer(state)),
            vscode.workspace.onDidChangeTextDocument(({ document }) => this.followText(document.uri)),
        );
    }

    /** How it is. */
    get front(): Front {
        return this.current;
    }

    /** What was last known; stays while another dump is read, and when one cannot be read. */
    get leaks(): Leaks | null {
        return this.last;
    }

    /** The leaks, the heaviest first, then what only holds itself. */
    get findings(): readonly Finding[] {
        return this.last ? [...this.last.findings, ...this.last.selfHeld] : NOTHING;
    }

    /** Ask the server anew. */
    async refresh(): Promise<void> {
        try {
            const leaks = await this.connection.request<Leaks>("pmat/leaks", {});
            this.last = leaks.dump ? leaks : null;
            if (leaks.state === "ready" || leaks.state === "none") {
                this.show(leaks.dump ? { state: "ready", leaks } : { state: "none" });
            }
        } catch (error) {
            this.connection.log.warn(`pmat/leaks: ${messageOf(error)}`);
        }
    }

    dispose(): void {
        clearTimeout(this.pause);
        this.heard.dispose();
        this.changed.dispose();
    }

    private async follow({ dump, state, message }: Changed): Promise<void> {
        const name = dump ? nameOf(vscode.Uri.parse(dump).path) : "the heap dump";
        if (state === "loading") {
            this.show({ state, name });
        } else if (state === "failed") {
            this.show({ state, name, message });
        } else {
            await this.refresh();
        }
    }

    /** The lines of the leaks are those of the texts when they were asked for: ask again when typing pauses. */
    private followText(uri: vscode.Uri): void {
        const places = this.findings.flatMap((finding) => finding.places);
        if (places.some((place) => vscode.Uri.parse(place.uri).toString() === uri.toString())) {
            clearTimeout(this.pause);
            this.pause = setTimeout(() => void this.refresh(), PAUSE);
        }
    }

    private followServer(state: ServerState): void {
        if (state === "running") {
            void this.refresh();
        } else if (state === "stopped") {
            this.last = null;
            this.show({ state: "stopped" });
        }
    }

    private show(front: Front): void {
        this.current = front;
        // What the views say where they are empty, and which commands there are, hangs on it.
        void vscode.commands.executeCommand("setContext", "pmat.state", front.state);
        this.changed.fire();
    }
}
