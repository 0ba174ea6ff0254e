/** The demo: a program that leaks, with its heap dump, in a folder of the user's. */

import { cp } from "node:fs/promises";
import * as vscode from "vscode";

/** Where the demo is written. */
function demoFolder({ globalStorageUri }: vscode.ExtensionContext): vscode.Uri {
    return vscode.Uri.joinPath(globalStorageUri, "demo");
}

/** Copy the demo to where it can be changed, and open it; in a window of its own where this one has a folder. */
export async function openDemo(context: vscode.ExtensionContext): Promise<void> {
    const source = vscode.Uri.joinPath(context.extensionUri, "dist", "demo").fsPath;
    const target = demoFolder(context);
    await cp(source, target.fsPath, { recursive: true });
    const forceNewWindow = vscode.workspace.workspaceFolders !== undefined;
    await vscode.commands.executeCommand("vscode.openFolder", target, { forceNewWindow });
}

/** In the window of the demo, when it is opened: the source that leaks, and beside it where the walkthrough goes on. */
export async function welcomeToDemo(context: vscode.ExtensionContext): Promise<void> {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    if (
        folder?.toString() === demoFolder(context).toString() &&
        !tabs.some(({ input }) => input instanceof vscode.TabInputText)
    ) {
        const source = await vscode.workspace.openTextDocument(
            vscode.Uri.joinPath(folder, "lib", "Courier", "HTTP.pm"),
        );
        const closure = source.positionAt(source.getText().indexOf("on_closed => sub"));
        await vscode.window.showTextDocument(source, { selection: new vscode.Range(closure, closure) });
        await openWalkthrough(context, "chain");
    }
}

/** Open the walkthrough at one of its steps, else at the first one. */
export async function openWalkthrough({ extension }: vscode.ExtensionContext, step?: string): Promise<void> {
    const category = `${extension.id}#firstLeak`;
    const where = step ? { category, step } : category;
    await vscode.commands.executeCommand("workbench.action.openWalkthrough", where, step !== undefined);
}
