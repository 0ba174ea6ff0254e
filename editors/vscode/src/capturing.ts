/** `pmat: Make a Heap Dump…`: a terminal with the command line of perl that writes one. */

import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import * as vscode from "vscode";
import { captureCommand, dumpOf, LIBRARIES, MOMENTS } from "./capture";

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
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(program))?.uri.fsPath ?? dirname(program);
    const here = (path: string): string => (relative(folder, path).startsWith("..") ? path : relative(folder, path));
    const libraries = LIBRARIES.filter((library) => existsSync(join(folder, library)));
    const terminal = vscode.window.createTerminal({ name: "perl heap dump", cwd: folder });
    terminal.show();
    // Without a line feed: the program's own arguments come behind it.
    terminal.sendText(captureCommand(here(program), here(dumpOf(program)), chosen.moment, libraries), false);
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
