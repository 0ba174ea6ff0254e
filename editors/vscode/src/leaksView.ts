/** The view of the leaks: findings, the hops of each, and what hangs on an SV. */

import * as vscode from "vscode";
import { type Connection, messageOf } from "./client";
import type { Model } from "./model";
import type { Address, Child, Expansion, Finding, Hop } from "./protocol";
import { bytes, counted } from "./texts";

/** Rows of one page of what refers to an SV. */
const PAGE = 50;

/** A row of the view. */
export type Row = FindingRow | HopRow | HolderRow | MoreRow;

/** A leak. */
export interface FindingRow {
    readonly type: "finding";
    readonly finding: Finding;
}

/** A step of its cycle. */
export interface HopRow {
    readonly type: "hop";
    readonly finding: Finding;
    readonly hop: Hop;
    readonly number: number;
}

/** What refers to an SV of the cycle. */
export interface HolderRow {
    readonly type: "holder";
    readonly holder: Child;
}

/** That there are more. */
export interface MoreRow {
    readonly type: "more";
    readonly address: Address;
    readonly offset: number;
    readonly left: number;
}

/** Which findings are shown. */
export interface Filter {
    /** In the title, pattern, classes or chain, in upper or lower case. */
    readonly text: string;
    readonly hideIgnored: boolean;
}

/** The tree of the leaks. */
export class LeaksTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
    private readonly changed = new vscode.EventEmitter<undefined>();
    readonly onDidChangeTreeData = this.changed.event;
    private readonly left = new vscode.EventEmitter<number>();
    /** Fires with the number of findings that the filter leaves out. */
    readonly onDidLeaveOut = this.left.event;
    private readonly heard: vscode.Disposable;
    private filter: Filter = { text: "", hideIgnored: false };
    private readonly rows = new Map<string, FindingRow>();

    constructor(
        private readonly model: Model,
        private readonly connection: Connection,
    ) {
        this.heard = model.onDidChange(() => this.changed.fire(undefined));
    }

    /** Show other findings. */
    show(filter: Partial<Filter>): void {
        this.filter = { ...this.filter, ...filter };
        this.changed.fire(undefined);
    }

    /** What is typed as filter. */
    get filterText(): string {
        return this.filter.text;
    }

    async getChildren(row?: Row): Promise<Row[]> {
        if (!row) {
            return this.findingRows();
        }
        switch (row.type) {
            case "finding":
                return row.finding.hops.map((hop, number) => ({ type: "hop", finding: row.finding, hop, number }));
            case "hop":
                return this.holders(row.hop.address, 0);
            case "holder":
                return this.holders(row.holder.address, 0);
            case "more":
                return this.holders(row.address, row.offset);
        }
    }

    getParent(row: Row): Row | undefined {
        return row.type === "hop" ? this.rows.get(row.finding.id) : undefined;
    }

    getTreeItem(row: Row): vscode.TreeItem {
        const item = itemOf(row);
        // A screen reader would read the tooltip alone.
        item.accessibilityInformation = { label: [item.label, item.description].filter(Boolean).join(" ") };
        return item;
    }

    dispose(): void {
        this.heard.dispose();
        this.changed.dispose();
        this.left.dispose();
    }

    private findingRows(): FindingRow[] {
        const { text, hideIgnored } = this.filter;
        this.rows.clear();
        const shown = this.model.findings.filter(
            (finding) => !(hideIgnored && finding.ignored !== null) && wordsOf(finding).includes(text.toLowerCase()),
        );
        this.left.fire(this.model.findings.length - shown.length);
        for (const finding of shown) {
            this.rows.set(finding.id, { type: "finding", finding });
        }
        return [...this.rows.values()];
    }

    private async holders(address: Address, offset: number): Promise<Row[]> {
        const params = { what: "inrefs", address, offset, limit: PAGE };
        try {
            const { total, rows } = await this.connection.request<Expansion>("pmat/expand", params);
            const found: Row[] = rows.map((holder) => ({ type: "holder", holder }));
            const left = total - offset - rows.length;
            return left > 0 ? [...found, { type: "more", address, offset: offset + rows.length, left }] : found;
        } catch (error) {
            this.connection.log.warn(`pmat/expand: ${messageOf(error)}`);
            return [];
        }
    }
}

function itemOf(row: Row): vscode.TreeItem {
    switch (row.type) {
        case "finding":
            return findingItem(row);
        case "hop":
            return hopItem(row);
        case "holder":
            return holderItem(row);
        case "more":
            return new vscode.TreeItem(`${row.left} more`, vscode.TreeItemCollapsibleState.Collapsed);
    }
}

function wordsOf({ title, code, pattern, classes, chain }: Finding): string {
    return [title, code, pattern, ...classes, chain].join(" ").toLowerCase();
}

function findingItem({ finding }: FindingRow): vscode.TreeItem {
    const selfHeld = finding.verdict === "self-held";
    const { Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(finding.title, selfHeld ? Collapsed : Expanded);
    const files = finding.handles.length ? `, ${counted(finding.handles.length, "file handle")}` : "";
    item.id = finding.id;
    const verdict = selfHeld ? ", self-held" : "";
    item.description = `${bytes(finding.bytes)}${files}${verdict}${finding.ignored !== null ? ", ignored" : ""}`;
    const [icon, colour] = finding.ignored !== null ? ICON_IGNORED : selfHeld ? ICON_SELF_HELD : ICON_LEAKED;
    item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(colour));
    const reached = finding.reach.map((way) => `live code can reach it: ${way}`);
    item.tooltip = [finding.chain, ...(selfHeld ? reached : [finding.shape, finding.cure])].join("\n\n");
    const facts = [finding.place && "placed", finding.ignored !== null && "ignored", selfHeld && "selfHeld"];
    item.contextValue = ["pmat.finding", ...facts.filter(Boolean)].join(".");
    return item;
}

function hopItem({ finding, hop, number }: HopRow): vscode.TreeItem {
    const item = new vscode.TreeItem(hop.via, vscode.TreeItemCollapsibleState.Collapsed);
    const last = number === finding.hops.length - 1;
    item.id = `${finding.id}/${number}`;
    item.description = last ? `→ back to ${hop.to}` : `→ ${hop.to}`;
    item.iconPath = new vscode.ThemeIcon(ICONS[hop.kind] ?? "arrow-right");
    item.tooltip = `${hop.from} ${hop.via} → ${hop.to}${hop.place ? `\n${hop.place.text}` : "\nno place in the sources here"}`;
    item.contextValue = hop.place ? "pmat.hop.placed" : "pmat.sv";
    item.command = { command: "pmat.goToHop", title: "Go to the line", arguments: [finding.id, number] };
    return item;
}

function holderItem({ holder }: HolderRow): vscode.TreeItem {
    const item = new vscode.TreeItem(holder.label, vscode.TreeItemCollapsibleState.Collapsed);
    item.description = `${holder.via}${holder.strength && holder.strength !== "strong" ? ` (${holder.strength})` : ""}`;
    item.iconPath = new vscode.ThemeIcon(KIND_ICONS[holder.kind] ?? "circle-outline");
    item.tooltip = `${holder.label} at ${holder.address}, ${bytes(holder.bytes)}${holder.leaked ? ", leaked" : ""}`;
    item.contextValue = "pmat.sv";
    item.command = { command: "pmat.show", title: "Show", arguments: [holder.address] };
    return item;
}

/** Of a finding: icon and colour. */
const ICON_LEAKED = ["warning", "problemsWarningIcon.foreground"] as const;
const ICON_SELF_HELD = ["info", "problemsInfoIcon.foreground"] as const;
const ICON_IGNORED = ["circle-slash", "disabledForeground"] as const;

/** By the kind of a hop. */
const ICONS: Readonly<Record<string, string>> = {
    key: "symbol-key",
    index: "symbol-array",
    field: "symbol-field",
    capture: "symbol-variable",
    lexical: "symbol-variable",
    scope: "symbol-namespace",
    deref: "references",
    glob: "symbol-misc",
};

/** By the kind of an SV. */
const KIND_ICONS: Readonly<Record<string, string>> = {
    HASH: "symbol-object",
    OBJECT: "symbol-object",
    ARRAY: "symbol-array",
    CODE: "symbol-method",
    PAD: "symbol-namespace",
    REF: "references",
    SCALAR: "symbol-string",
    GLOB: "symbol-misc",
    IO: "file",
    STASH: "symbol-namespace",
    CLASS: "symbol-class",
};
