/** Where the pmat-lsp server is: what to start, found without starting anything. */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A command line of the server. */
export interface ServerCommand {
    readonly command: string;
    readonly args: readonly string[];
    /** How it was found, for the log: "the setting pmat.server.path". */
    readonly foundBy: string;
}

/** What the user said about the server. */
export interface ServerSettings {
    /** Path of the program pmat-lsp. */
    readonly path: string;
    /** A Python that has the package pmat_lsp. */
    readonly interpreter: string;
}

/** The environment in which programs are looked for. */
export interface Surroundings {
    readonly env: NodeJS.ProcessEnv;
    readonly platform: NodeJS.Platform;
}

/**
 * The command that starts the server: that of the settings, else pmat-lsp on the PATH, else one that a tool runner
 * fetches. Null where there is none.
 */
export function findServer(settings: ServerSettings, around: Surroundings): ServerCommand | null {
    if (settings.path) {
        return { command: settings.path, args: ["serve"], foundBy: "the setting pmat.server.path" };
    }
    if (settings.interpreter) {
        const args = ["-m", "pmat_lsp", "serve"];
        return { command: settings.interpreter, args, foundBy: "the setting pmat.server.interpreter" };
    }
    const runners: readonly [string, readonly string[]][] = [
        ["pmat-lsp", ["serve"]],
        ["uvx", ["pmat-lsp", "serve"]],
        ["pipx", ["run", "pmat-lsp", "serve"]],
    ];
    for (const [name, args] of runners) {
        const command = onPath(name, around);
        if (command) {
            return { command, args, foundBy: `${name} on the PATH` };
        }
    }
    return null;
}

/** The absolute path of a program on the PATH; null where it is not there. */
export function onPath(name: string, { env, platform }: Surroundings): string | null {
    const endings = platform === "win32" ? (env.PATHEXT ?? ".EXE;.CMD;.BAT").split(";") : [""];
    for (const folder of (env.PATH ?? "").split(delimiter)) {
        for (const ending of folder ? endings : []) {
            const path = join(folder, name + ending);
            if (isProgram(path)) {
                return path;
            }
        }
    }
    return null;
}

/** Whether a path is that of a file that can be run. */
export function isProgram(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
    } catch {
        return false;
    }
}
