/** The demo: a program that leaks, with its heap dump, in a folder of the user's. */

import { cp } from "node:fs/promises";
import * as vscode from "vscode";

/** Copy the demo to where it can be changed, and open it in a window of its own. */
export async function openDemo({ extensionUri, globalStorageUri }: vscode.ExtensionContext): Promise<void> {
    const source = vscode.Uri.joinPath(extensionUri, "dist", "demo").fsPath;
    const target = vscode.Uri.joinPath(globalStorageUri, "demo");
    await cp(source, target.fsPath, { recursive: true });
    await vscode.commands.executeCommand("vscode.openFolder", target, { forceNewWindow: true });
}
