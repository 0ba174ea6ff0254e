/** The extension: connects VS Code with the pmat-lsp server, and shows what it knows. */

import * as vscode from "vscode";
import { Asking } from "./asking";
import { capture } from "./capturing";
import { Connection } from "./client";
import { openDemo, openWalkthrough, welcomeToDemo } from "./demo";
import { HandlesList } from "./handlesView";
import { reveal, type Step, Walk } from "./hops";
import { installServer } from "./install";
import { LeaksTree, type Row } from "./leaksView";
import { Model } from "./model";
import { OVERVIEW, Overview } from "./overview";
import { PageEditors } from "./page";
import { Pictures } from "./pictures";
import { REPORT, Report } from "./reports";
import { registerRowCommands } from "./rows";
import { Status } from "./status";
import { counted } from "./texts";
import { Verifying } from "./verifying";

/** Begin. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
    const log = vscode.window.createOutputChannel("pmat", { log: true });
    const connection = new Connection(log);
    const model = new Model(connection);
    const walk = new Walk(model);
    const pictures = new Pictures(context.extensionUri, model, walk);
    const asking = new Asking(connection, model);
    const verifying = new Verifying(connection, model, context.workspaceState);
    const leaks = new LeaksTree(model, connection);
    const handles = new HandlesList(model, connection);
    const leaksView = vscode.window.createTreeView<Row>("pmat.leaks", {
        treeDataProvider: leaks,
        showCollapseAll: true,
    });
    const { registerCommand } = vscode.commands;
    context.subscriptions.push(
        log,
        connection,
        model,
        walk,
        pictures,
        verifying,
        leaks,
        handles,
        leaksView,
        leaks.onDidLeaveOut((count) => {
            leaksView.description = leaks.filterText;
            leaksView.message = count ? `${counted(count, "leak")} left out` : "";
        }),
        walk.onDidMove((step) => selectHop(leaksView, step)),
        new Status(model),
        vscode.window.createTreeView("pmat.handles", { treeDataProvider: handles }),
        vscode.window.registerCustomEditorProvider(
            OVERVIEW,
            new PageEditors(
                context.extensionUri,
                "overview",
                "Perl heap dump",
                (uri, webview) => new Overview(uri, webview, model, connection),
            ),
            { webviewOptions: { retainContextWhenHidden: true }, supportsMultipleEditorsPerDocument: false },
        ),
        vscode.window.registerCustomEditorProvider(
            REPORT,
            new PageEditors(
                context.extensionUri,
                "report",
                "Perl heap report",
                (uri, webview) => new Report(uri, webview, model, connection),
            ),
            { webviewOptions: { retainContextWhenHidden: true, enableFindWidget: true } },
        ),
        registerRowCommands(model, walk, pictures, leaks),
        registerCommand("pmat.openDump", () => asking.openDump()),
        registerCommand("pmat.switchDump", () => asking.switchDump()),
        registerCommand("pmat.openOverview", () => asking.openOverview()),
        registerCommand("pmat.ask", () => asking.ask()),
        registerCommand("pmat.askIdentify", () => asking.identify()),
        registerCommand("pmat.compareDumps", () => asking.compare()),
        registerCommand("pmat.verify", (what?: Row | string) => verifying.verify(what)),
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
        registerCommand("pmat.walkthrough", () => openWalkthrough(context)),
    );
    await connection.start();
    await welcomeToDemo(context);
}

/** Where the walk is, in the view of the leaks as well. */
function selectHop(view: vscode.TreeView<Row>, step: Step | null): void {
    const hop = step?.finding.hops[step.hop];
    if (step && hop && view.visible) {
        const row: Row = { type: "hop", finding: step.finding, hop, number: step.hop };
        // One that the filter leaves out is not there.
        view.reveal(row, { select: true, focus: false }).then(undefined, () => undefined);
    }
}
