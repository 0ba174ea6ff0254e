/** The extension: connects VS Code with the pmat-lsp server, and shows what it knows. */

import * as vscode from "vscode";
import { Asking } from "./asking";
import { capture } from "./capturing";
import { Connection } from "./client";
import { openDemo } from "./demo";
import { HandlesList } from "./handlesView";
import { reveal, Walk } from "./hops";
import { installServer } from "./install";
import { LeaksTree } from "./leaksView";
import { Model } from "./model";
import { OVERVIEW, OverviewEditors } from "./overview";
import { Pictures } from "./pictures";
import { registerRowCommands } from "./rows";
import { Status } from "./status";

/** Begin. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
    const log = vscode.window.createOutputChannel("pmat", { log: true });
    const connection = new Connection(log);
    const model = new Model(connection);
    const walk = new Walk(model);
    const pictures = new Pictures(context.extensionUri, model, walk);
    const asking = new Asking(connection, model);
    const leaks = new LeaksTree(model, connection);
    const handles = new HandlesList(model, connection);
    const leaksView = vscode.window.createTreeView("pmat.leaks", { treeDataProvider: leaks, showCollapseAll: true });
    const { registerCommand } = vscode.commands;
    context.subscriptions.push(
        log,
        connection,
        model,
        walk,
        pictures,
        leaks,
        handles,
        leaksView,
        new Status(model),
        vscode.window.createTreeView("pmat.handles", { treeDataProvider: handles }),
        vscode.window.registerCustomEditorProvider(
            OVERVIEW,
            new OverviewEditors(context.extensionUri, model, connection),
            { webviewOptions: { retainContextWhenHidden: true }, supportsMultipleEditorsPerDocument: false },
        ),
        registerRowCommands(model, walk, pictures, leaks),
        registerCommand("pmat.openDump", () => asking.openDump()),
        registerCommand("pmat.openOverview", () => asking.openOverview()),
        registerCommand("pmat.ask", () => asking.ask()),
        registerCommand("pmat.askIdentify", () => asking.identify()),
        registerCommand("pmat.compareDumps", () => asking.compare()),
        registerCommand("pmat.capture", capture),
        registerCommand("pmat.installServer", installServer),
        registerCommand("pmat.openDemo", () => openDemo(context)),
        registerCommand("pmat.restart", () => connection.restart()),
        registerCommand("pmat.showLog", () => log.show()),
        registerCommand("pmat.nextHop", () => walk.move(1)),
        registerCommand("pmat.previousHop", () => walk.move(-1)),
        registerCommand("pmat.goToFinding", async (id: string) => {
            const finding = model.findings.find((other) => other.id === id);
            if (finding?.place) {
                await reveal(finding.place);
            }
        }),
        registerCommand("pmat.walkthrough", () =>
            vscode.commands.executeCommand(
                "workbench.action.openWalkthrough",
                `${context.extension.id}#firstLeak`,
                false,
            ),
        ),
    );
    await connection.start();
}
