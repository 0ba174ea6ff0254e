/** The connection to the server: started, restarted, and told about when it cannot be. */

import * as vscode from "vscode";
import {
    CloseAction,
    type CloseHandlerResult,
    ErrorAction,
    type Executable,
    LanguageClient,
    type LanguageClientOptions,
    MessageType,
    type Middleware,
    RevealOutputChannelOn,
    ShowMessageNotification,
    type ShowMessageParams,
    State,
    WorkDoneProgress,
    type WorkspaceEdit,
} from "vscode-languageclient/node";
import { openReport, SCHEME } from "./reports";
import { findServer, isProgram, type ServerCommand } from "./server";
import { sentences } from "./texts";

/** What the user is told where no server is. */
const NOT_FOUND = "pmat-lsp, which finds the leaks, is not installed.";
const INSTALL = "How to Install It";
const CHOOSE = "Choose It…";
const RESTART = "Restart";
const SHOW_LOG = "Show Log";
/** A server that has ended so often within a few minutes is not started again by itself. */
const MOST_ENDS = 3;
const MINUTES = 3;
/** A server that is asked to end while it comes up is waited for so long: before, it cannot be. */
const PATIENCE_MS = 5_000;

/** How the server is. */
export type ServerState = "starting" | "running" | "stopped";

/** Holds the one client of this window. */
export class Connection implements vscode.Disposable {
    private client: LanguageClient | null = null;
    private starting: Promise<void> = Promise.resolve();
    /** Settled when no earlier server is left: two at a time would both offer the same commands. */
    private stopping: Promise<void> = Promise.resolve();
    private restarts = 0;
    private tokens = 0;
    private ends: number[] = [];
    private readonly changed = new vscode.EventEmitter<ServerState>();
    /** Fires when the server starts or ends. */
    readonly onDidChange = this.changed.event;

    private readonly heard = vscode.workspace.onDidChangeConfiguration((change) => {
        const found = change.affectsConfiguration("pmat.server") ? whereServerIs() : null;
        // Not while a path is still being typed.
        if (found && isProgram(found.command)) {
            void this.restart();
        }
    });

    constructor(readonly log: vscode.LogOutputChannel) {}

    /** Start the server, or say why that is not possible. */
    async start(): Promise<void> {
        const found = whereServerIs();
        if (found === null) {
            this.changed.fire("stopped");
            void sayNotFound(NOT_FOUND);
            return;
        }
        this.log.info(`starting ${[found.command, ...found.args].join(" ")} (${found.foundBy})`);
        const isCurrent = () => this.client === client;
        const client: LanguageClient = new LanguageClient("pmat", "pmat", executable(found), this.options(isCurrent));
        this.client = client;
        client.onNotification(ShowMessageNotification.type, (message) => void say(message));
        client.onDidChangeState(({ newState }) => this.changed.fire(STATES[newState]));
        try {
            const started = client.start();
            this.starting = started.catch(() => undefined);
            await started;
        } catch (error) {
            if (!isCurrent()) {
                return;
            }
            this.changed.fire("stopped");
            void sayNotFound(sentences(`The pmat-lsp server did not start: ${messageOf(error)} (${found.foundBy})`));
        }
    }

    /** End the server and start it anew, with the settings as they are now; of several at once the last one does. */
    async restart(): Promise<void> {
        this.ends = [];
        this.restarts++;
        const mine = this.restarts;
        await this.stop();
        if (mine === this.restarts) {
            await this.start();
        }
    }

    /** End the server. */
    async stop(): Promise<void> {
        const { client, starting } = this;
        this.client = null;
        if (client) {
            this.stopping = Promise.all([this.stopping, this.end(client, starting)]).then(() => undefined);
        }
        await this.stopping;
    }

    private async end(client: LanguageClient, starting: Promise<void>): Promise<void> {
        await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
        // One that did not come up cannot be stopped, and needs not be.
        await client.dispose().catch((error: unknown) => this.log.debug(messageOf(error)));
    }

    /** Whether requests can be sent. */
    get isRunning(): boolean {
        return this.client?.state === State.Running;
    }

    /**
     * Ask the server.
     *
     * @throws ResponseError of the server, or an error where it does not run.
     */
    async request<Answer>(method: string, params: object, token?: vscode.CancellationToken): Promise<Answer> {
        if (!this.client || !this.isRunning) {
            throw new Error("the pmat-lsp server is not running");
        }
        // With a token that is undefined the client would send two parameters.
        return token
            ? this.client.sendRequest<Answer>(method, params, token)
            : this.client.sendRequest<Answer>(method, params);
    }

    /** Ask the server for something that takes long, and hear how far it is. */
    async requestWithProgress<Answer>(
        method: string,
        params: object,
        hear: (message: string) => void,
        token: vscode.CancellationToken,
    ): Promise<Answer> {
        const workDoneToken = `${method} ${++this.tokens}`;
        const heard = this.client?.onProgress(WorkDoneProgress.type, workDoneToken, (told) => {
            if (told.kind === "report" && told.message) {
                hear(told.message);
            }
        });
        try {
            return await this.request<Answer>(method, { ...params, workDoneToken }, token);
        } finally {
            heard?.dispose();
        }
    }

    /** Make an edit of the server. */
    async applyEdit(edit: WorkspaceEdit): Promise<void> {
        const made = await this.client?.protocol2CodeConverter.asWorkspaceEdit(edit);
        if (made) {
            await vscode.workspace.applyEdit(made);
        }
    }

    /** Hear a notification of the server, also of one that is started later. */
    onNotification<Params>(method: string, hear: (params: Params) => void): vscode.Disposable {
        let current: vscode.Disposable | undefined;
        const listen = this.onDidChange((state) => {
            if (state === "starting" && this.client) {
                current?.dispose();
                current = this.client.onNotification(method, hear);
            }
        });
        return vscode.Disposable.from(listen, { dispose: () => current?.dispose() });
    }

    dispose(): void {
        this.heard.dispose();
        void this.stop();
        this.changed.dispose();
    }

    private options(isCurrent: () => boolean): LanguageClientOptions {
        return {
            documentSelector: [
                { scheme: "file", language: "perl" },
                { scheme: "untitled", language: "perl" },
            ],
            outputChannel: this.log,
            revealOutputChannelOn: RevealOutputChannelOn.Never,
            // Command links of hovers: only those of this extension run.
            markdown: { isTrusted: { enabledCommands: LINKED_COMMANDS } },
            initializationOptions: {
                pmat: vscode.workspace.getConfiguration("pmat"),
                client: { changed: true, commandLinks: true, verify: true },
            },
            synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.pmat{,.gz,.xz,.zst}") },
            middleware: { window: { showDocument } },
            errorHandler: {
                error: () => ({ action: ErrorAction.Continue }),
                // One that was replaced has done its work.
                closed: () => (isCurrent() ? this.ended() : { action: CloseAction.DoNotRestart, handled: true }),
            },
        };
    }

    private ended(): CloseHandlerResult {
        const now = Date.now();
        this.ends = [...this.ends.filter((end) => now - end < MINUTES * 60_000), now];
        if (this.ends.length < MOST_ENDS) {
            this.log.warn("the server has ended; it is started again");
            return { action: CloseAction.Restart, handled: true };
        }
        this.log.error(`the server has ended ${MOST_ENDS} times within ${MINUTES} minutes; it stays off`);
        void sayEnded();
        return { action: CloseAction.DoNotRestart, handled: true };
    }
}

/** Commands that links in hovers may run. */
const LINKED_COMMANDS = [
    "pmat.show",
    "pmat.identify",
    "pmat.run",
    "pmat.showChain",
    "pmat.showPicture",
    "pmat.nextHop",
    "pmat.previousHop",
    "pmat.compare",
];

const STATES: Record<State, ServerState> = {
    [State.Starting]: "starting",
    [State.StartFailed]: "stopped",
    [State.Running]: "running",
    [State.Stopped]: "stopped",
};

type ShowDocument = NonNullable<NonNullable<Middleware["window"]>["showDocument"]>;

/** Reports are shown rendered, everything else as a text. */
const showDocument: ShowDocument = async (params, token, next) => {
    if (!params.uri.startsWith(`${SCHEME}:`)) {
        return next(params, token);
    }
    await openReport(params.uri);
    return { success: true };
};

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

function whereServerIs(): ServerCommand | null {
    const settings = vscode.workspace.getConfiguration("pmat.server");
    const named = { path: settings.get("path", ""), interpreter: settings.get("interpreter", "") };
    return findServer(named, { env: process.env, platform: process.platform });
}

function executable({ command, args }: ServerCommand): Executable {
    return { command, args: [...args], options: { env: { ...process.env, PYTHONUNBUFFERED: "1" } } };
}

/** What the server tells the user. With a button VS Code shows all of a long text, and keeps it. */
async function say({ type, message }: ShowMessageParams): Promise<void> {
    const text = sentences(message);
    if (type === MessageType.Warning) {
        void vscode.window.showWarningMessage(text);
    } else if (type !== MessageType.Error) {
        void vscode.window.showInformationMessage(text);
    } else if (await vscode.window.showErrorMessage(text, SHOW_LOG)) {
        await vscode.commands.executeCommand("pmat.showLog");
    }
}

async function sayNotFound(message: string): Promise<void> {
    const answer = await vscode.window.showErrorMessage(message, INSTALL, CHOOSE);
    if (answer === INSTALL) {
        await vscode.commands.executeCommand("pmat.installServer");
    } else if (answer === CHOOSE) {
        await vscode.commands.executeCommand("workbench.action.openSettings", "pmat.server");
    }
}

async function sayEnded(): Promise<void> {
    const message = `The pmat-lsp server has ended ${MOST_ENDS} times within ${MINUTES} minutes. The log says why.`;
    const answer = await vscode.window.showErrorMessage(message, RESTART, SHOW_LOG);
    if (answer === RESTART) {
        await vscode.commands.executeCommand("pmat.restart");
    } else if (answer === SHOW_LOG) {
        await vscode.commands.executeCommand("pmat.showLog");
    }
}
