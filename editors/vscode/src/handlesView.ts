/** The view of the open file handles. */

import * as vscode from "vscode";
import { type Connection, messageOf } from "./client";
import type { Model } from "./model";
import type { Address, Finding, Leaks, Overview } from "./protocol";

/** An open file. */
export interface HandleRow {
    readonly number: number;
    readonly address: Address;
    readonly finding: Finding | undefined;
}

/** The list of the file handles, by number. */
export class HandlesList implements vscode.TreeDataProvider<HandleRow>, vscode.Disposable {
    private readonly changed = new vscode.EventEmitter<undefined>();
    readonly onDidChangeTreeData = this.changed.event;
    private readonly heard: vscode.Disposable;

    constructor(
        private readonly model: Model,
        private readonly connection: Connection,
    ) {
        this.heard = model.onDidChange(() => this.changed.fire(undefined));
    }

    async getChildren(row?: HandleRow): Promise<HandleRow[]> {
        if (row || !this.model.leaks) {
            return [];
        }
        const findings = new Map(this.model.findings.map((finding) => [finding.id, finding]));
        const overview = await overviewOf(this.connection);
        const handles = [...(overview?.overview?.handles ?? [])].sort((a, b) => a.number - b.number);
        return handles.map(({ number, address, finding }) => ({
            number,
            address,
            finding: finding === null ? undefined : findings.get(finding),
        }));
    }

    getTreeItem({ number, address, finding }: HandleRow): vscode.TreeItem {
        const item = new vscode.TreeItem(`file ${number}`);
        item.description = finding ? `leaked: ${finding.title}` : address;
        item.tooltip = `IO at ${address}`;
        // A screen reader would read the tooltip alone.
        item.accessibilityInformation = { label: `${item.label} ${item.description}` };
        item.iconPath = new vscode.ThemeIcon(
            "file",
            finding ? new vscode.ThemeColor("problemsWarningIcon.foreground") : undefined,
        );
        item.contextValue = finding?.place ? "pmat.handle.placed" : "pmat.sv";
        item.command = { command: "pmat.identify", title: "Identify", arguments: [address] };
        return item;
    }

    dispose(): void {
        this.heard.dispose();
        this.changed.dispose();
    }
}

/** The leaks with what takes the retained sizes; null where the server cannot say. */
export async function overviewOf(connection: Connection): Promise<(Leaks & { overview: Overview | null }) | null> {
    try {
        return await connection.request<Leaks>("pmat/leaks", { overview: true });
    } catch (error) {
        connection.log.warn(`pmat/leaks: ${messageOf(error)}`);
        return null;
    }
}
