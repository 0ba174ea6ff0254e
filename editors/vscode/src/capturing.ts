/** `pmat: Make a Heap Dump…`: a terminal with the command line of perl that writes one. */

import * as vscode from "vscode";
import { captureCommand, dumpOf, MOMENTS } from "./capture";

/** Ask for a program and a moment, and put the command line into a terminal. */
export async function capture(): Promise<void> {
    const program = await chooseProgram();
    if (!program) {
        return;
    }
    const chosen = await vscode.window.showQuickPick(
        MOMENTS.map((moment) => ({ ...moment, moment })),
        { title: "Make a heap dump: when?", placeHolder: "When the program writes its heap dump" },
    );
    if (!chosen) {
        return;
    }
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(program));
    const terminal = vscode.window.createTerminal({ name: "perl heap dump", ...(folder ? { cwd: folder.uri } : {}) });
    terminal.show();
    // Without a line feed: the program's own arguments come behind it.
    terminal.sendText(captureCommand(program, dumpOf(program), chosen.moment), false);
}

async function chooseProgram(): Promise<string | undefined> {
    const document = vscode.window.activeTextEditor?.document;
    if (document?.languageId === "perl" && document.uri.scheme === "file" && !document.fileName.endsWith(".pm")) {
        return document.fileName;
    }
    const found = await vscode.workspace.findFiles("**/*.{pl,psgi,t}", "**/{local,node_modules,blib}/**", 200);
    const picks = found.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), path: uri.fsPath }));
    const picked = await vscode.window.showQuickPick(picks, {
        title: "Make a heap dump: of which program?",
        placeHolder: picks.length ? "A Perl program" : "There is no Perl program in this folder",
    });
    return picked?.path;
}
