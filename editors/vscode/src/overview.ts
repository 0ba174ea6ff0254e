/** The overview: what VS Code shows where a `.pmat` file is opened. The server reads it; no byte of it comes here. */

import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import { messageOf } from "./client";
import { overviewOf } from "./handlesView";
import type { FromOverview, OverviewPage, PageDump, ToOverview } from "./pages";
import type { Finding, Leaks, Place, RunResult } from "./protocol";
import { Tab } from "./tab";
import { bytes, familyOf, nameOf } from "./texts";

/** As package.json declares it. */
export const OVERVIEW = "pmat.overview";
/** More dumps of one program than this make no readable chart. */
const MOST_DUMPS = 20;

/** The overview of a dump in its tab. */
export class Overview extends Tab<FromOverview, ToOverview> {
    private asked = false;

    protected async hear(message: FromOverview): Promise<void> {
        switch (message.type) {
            case "ready":
                return this.draw();
            case "source":
                return void (await vscode.commands.executeCommand("pmat.goToFinding", message.finding));
            case "picture":
                return void (await vscode.commands.executeCommand("pmat.showPicture", message.finding));
            case "class":
                return void (await vscode.commands.executeCommand("pmat.run", "find", "blessed", message.name));
            case "sv":
                return void (await vscode.commands.executeCommand("pmat.identify", message.address));
            case "growth":
                return this.grow();
        }
    }

    protected async draw(): Promise<void> {
        const { front } = this.model;
        if (front.state === "stopped") {
            return this.say("The pmat-lsp server is not running.", true);
        }
        if (front.state === "loading") {
            return this.say(`Reading ${front.name}…`);
        }
        if (front.state === "failed" && front.name === nameOf(this.uri.path)) {
            return this.say(front.message, true);
        }
        if (this.connection.isRunning && !this.isInFront()) {
            if (this.asked) {
                return this.say(`Another heap dump is in front: ${this.model.leaks?.dump?.name ?? "none"}.`);
            }
            this.asked = true;
            this.say(`Reading ${nameOf(this.uri.path)}…`);
            await vscode.commands.executeCommand("pmat.load", this.uri.toString());
            return;
        }
        const leaks = await overviewOf(this.connection);
        if (leaks?.dump) {
            this.send(await pageOf(leaks, this.uri));
        }
    }

    private isInFront(): boolean {
        const dump = this.model.leaks?.dump;
        return !!dump && vscode.Uri.parse(dump.uri).toString() === this.uri.toString();
    }

    private async grow(): Promise<void> {
        const dumps: PageDump[] = [];
        for (const path of await family(this.uri)) {
            try {
                const params = { name: "summary", dumps: [vscode.Uri.file(path).toString()] };
                const { answer } = await this.connection.request<RunResult>("pmat/run", params);
                const row = answer.rows[0] ?? {};
                const number = (name: string): number => Number(row[name] ?? 0);
                dumps.push({
                    name: nameOf(path),
                    svs: number("objects"),
                    bytes: number("bytes"),
                    handles: number("file_handles"),
                });
            } catch (error) {
                this.connection.log.warn(`${path}: ${messageOf(error)}`);
            }
        }
        this.send({ type: "growth", dumps });
    }
}

async function pageOf(leaks: Leaks, uri: vscode.Uri): Promise<OverviewPage> {
    const { dump, checked, overview } = leaks;
    const facts: (readonly [string, string])[] = dump
        ? [
              ["perl", `${dump.perl}${dump.threads ? ", threads" : ""}`],
              ["written", dump.when ? new Date(dump.when).toLocaleString() : "unknown"],
              ["SVs", dump.svs.toLocaleString("en")],
              ["memory", bytes(dump.bytes)],
              ["leaked", overview ? bytes(overview.bytes.leaked) : `${checked?.proven ?? 0} SVs`],
              ["self-held", overview ? bytes(overview.bytes.selfHeld) : `${checked?.selfHeld ?? 0} SVs`],
              ["lost, perhaps held by C code", `${checked?.unexplained ?? 0} SVs`],
          ]
        : [];
    const beside = await family(uri);
    return {
        type: "overview",
        name: dump?.name ?? nameOf(uri.path),
        facts,
        findings: leaks.findings.map(findingOf),
        handles: (overview?.handles ?? []).map(({ number, address, finding }) => ({
            number,
            address,
            name: [...leaks.findings, ...leaks.selfHeld].find(({ id }) => id === finding)?.title ?? "",
        })),
        classes: (overview?.classes ?? [])
            .filter(({ retained }) => retained > 0)
            .map(({ name, objects, retained }) => ({ name, objects, bytes: retained })),
        family: beside.length > 1 ? beside.map(nameOf) : [],
    };
}

function findingOf(finding: Finding): OverviewPage["findings"][number] {
    const { id, title, pattern, count, bytes: weight, handles, classes, ignored, place } = finding;
    return {
        id,
        title,
        pattern,
        count,
        bytes: weight,
        handles,
        classes,
        ignored: ignored !== null,
        place: placeText(place),
    };
}

/** `lib/Net/Client.pm:25`, relative to the workspace. */
export function placeText(place: Place | null): string | null {
    return place && `${vscode.workspace.asRelativePath(vscode.Uri.parse(place.uri))}:${place.range.start.line + 1}`;
}

async function family(uri: vscode.Uri): Promise<string[]> {
    const folder = dirname(uri.fsPath);
    try {
        const names = (await readdir(folder)).filter((name) => /\.pmat(\.(gz|xz|zst))?$/.test(name));
        return familyOf(nameOf(uri.path), names)
            .slice(-MOST_DUMPS)
            .map((name) => join(folder, name));
    } catch {
        return [];
    }
}
