/** How the server is installed: asked for where there is none, and from the walkthrough. */

import * as vscode from "vscode";

interface Way extends vscode.QuickPickItem {
    readonly command: string | null;
}

const WAYS: readonly Way[] = [
    { label: "With pipx", description: "pipx install pmat-lsp", command: "pipx install pmat-lsp" },
    { label: "With uv", description: "uv tool install pmat-lsp", command: "uv tool install pmat-lsp" },
    {
        label: "With pip",
        description: "python3 -m pip install --user pmat-lsp",
        command: "python3 -m pip install --user pmat-lsp",
    },
    { label: "It is there already", description: "say where, in the settings", command: null },
];

/** Offer the ways, and put the chosen one into a terminal. */
export async function installServer(): Promise<void> {
    const way = await vscode.window.showQuickPick(WAYS, {
        title: "Install pmat-lsp",
        placeHolder: "It needs Python 3.10 or newer. Restart the server afterwards.",
    });
    if (!way) {
        return;
    }
    if (way.command === null) {
        await vscode.commands.executeCommand("workbench.action.openSettings", "pmat.server");
        return;
    }
    const terminal = vscode.window.createTerminal("install pmat-lsp");
    terminal.show();
    terminal.sendText(way.command, false);
}
