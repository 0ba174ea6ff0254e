/** Walking the chain of a finding through the source, and marking the line that was reached. */

import * as vscode from "vscode";
import type { Model } from "./model";
import type { Finding, Hop, Place } from "./protocol";

/** Where the walk is. */
export interface Step {
    readonly finding: Finding;
    /** Number of the hop, from 0. */
    readonly hop: number;
}

/** Walks from hop to hop; the last one leads back to the first. */
export class Walk implements vscode.Disposable {
    private step: Step | null = null;
    private readonly moved = new vscode.EventEmitter<Step | null>();
    /** Fires when another hop is reached. */
    readonly onDidMove = this.moved.event;
    private readonly line = vscode.window.createTextEditorDecorationType({
        isWholeLine: true,
        backgroundColor: new vscode.ThemeColor("pmat.hopBackground"),
        borderColor: new vscode.ThemeColor("pmat.hopBorder"),
        borderStyle: "solid",
        borderWidth: "1px 0",
        overviewRulerColor: new vscode.ThemeColor("pmat.hopBorder"),
    });
    private readonly heard: vscode.Disposable;
    /** Which hop it is, in the status bar for a while. */
    private told: vscode.Disposable | null = null;

    constructor(private readonly model: Model) {
        this.heard = model.onDidChange(() => this.forget());
    }

    /** Where the walk is; null where it has not begun. */
    get current(): Step | null {
        return this.step;
    }

    /** Go on by so many hops that have a place; begin at the finding under the cursor, else at the heaviest. */
    async move(by: 1 | -1): Promise<void> {
        const finding = this.step?.finding ?? this.findingHere() ?? this.model.findings[0];
        const hops = finding ? placed(finding) : [];
        if (!finding || !hops.length) {
            void vscode.window.showInformationMessage("No leak of the open heap dump has a place in the sources here.");
            return;
        }
        const at = this.step ? hops.indexOf(this.step.hop) : by > 0 ? -1 : hops.length;
        const next = hops[(at + by + hops.length) % hops.length] ?? 0;
        await this.goTo({ finding, hop: next });
    }

    /** Go to a hop, and say which one it is; the focus stays where it is if that is wanted. */
    async goTo(step: Step, preserveFocus = false): Promise<void> {
        const hop = step.finding.hops[step.hop];
        this.step = step;
        this.moved.fire(step);
        if (hop?.place) {
            this.mark(await reveal(hop.place, preserveFocus));
        }
        this.told?.dispose();
        this.told = vscode.window.setStatusBarMessage(told(step), 10_000);
    }

    dispose(): void {
        this.heard.dispose();
        this.told?.dispose();
        this.line.dispose();
        this.moved.dispose();
    }

    private forget(): void {
        // The findings are those of another dump now; the same leak has the same id there.
        const { step } = this;
        const finding = step && this.model.findings.find(({ id }) => id === step.finding.id);
        this.step = finding && step && step.hop < finding.hops.length ? { finding, hop: step.hop } : null;
        if (!this.step) {
            this.told?.dispose();
            for (const editor of vscode.window.visibleTextEditors) {
                editor.setDecorations(this.line, []);
            }
            this.moved.fire(null);
        }
    }

    private findingHere(): Finding | undefined {
        const editor = vscode.window.activeTextEditor;
        const [uri, line] = [editor?.document.uri.toString(), editor?.selection.active.line];
        return this.model.findings.find((finding) =>
            finding.places.some(
                ({ uri: other, range }) => vscode.Uri.parse(other).toString() === uri && range.start.line === line,
            ),
        );
    }

    private mark(editor: vscode.TextEditor): void {
        for (const other of vscode.window.visibleTextEditors) {
            other.setDecorations(this.line, other === editor ? [editor.selection] : []);
        }
    }
}

/** The numbers of the hops that have a place, without those that are on the line of the one before. */
function placed({ hops }: Finding): number[] {
    const numbers = hops.flatMap(({ place }, number) => (place ? [number] : []));
    const found = numbers.filter((number, at) => {
        const before = numbers[(at || numbers.length) - 1];
        return before === undefined || before === number || !sameLine(hops[before], hops[number]);
    });
    return found.length ? found : numbers.slice(0, 1);
}

function sameLine(a: Hop | undefined, b: Hop | undefined): boolean {
    return a?.place?.uri === b?.place?.uri && a?.place?.range.start.line === b?.place?.range.start.line;
}

function told({ finding, hop }: Step): string {
    const at = finding.hops[hop];
    return at ? `hop ${hop + 1} of ${finding.hops.length}: ${at.from} ${at.via} → ${at.to}` : "";
}

/** Show a place, the cursor at its start; the focus stays where it is if that is wanted. */
export async function reveal({ uri, range }: Omit<Place, "text">, preserveFocus = false): Promise<vscode.TextEditor> {
    const { line, character } = range.start;
    const selection = new vscode.Range(line, character, line, character);
    return vscode.window.showTextDocument(vscode.Uri.parse(uri, true), {
        selection,
        preserveFocus,
        viewColumn: columnOfTexts(),
    });
}

/** Where a text is shown: not over a picture, a report or the walkthrough, but beside it. */
function columnOfTexts(): vscode.ViewColumn {
    const { activeTabGroup, all } = vscode.window.tabGroups;
    const hasText = ({ activeTab }: vscode.TabGroup): boolean =>
        !activeTab || activeTab.input instanceof vscode.TabInputText;
    const group = [activeTabGroup, ...all].find(hasText);
    return group?.viewColumn ?? vscode.ViewColumn.Beside;
}
