/** Walking the chain of a finding through the source, and marking the line that was reached. */

import * as vscode from "vscode";
import type { Model } from "./model";
import type { Finding, Hop, Place } from "./protocol";
import { type Cursor, nextHop, stopsOf } from "./stops";

/** Where the walk is. */
export interface Step {
    readonly finding: Finding;
    /** Number of the hop, from 0. */
    readonly hop: number;
}

/** Walks from hop to hop; the last one leads back to the first. Where the cursor is put, the walk goes on from there. */
export class Walk implements vscode.Disposable {
    private step: Step | null = null;
    /** Where the walk has left the cursor. */
    private left: Cursor | null = null;
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
    /** Tells hops on one line apart. */
    private readonly word = vscode.window.createTextEditorDecorationType({
        border: "1px solid",
        borderColor: new vscode.ThemeColor("pmat.hopBorder"),
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

    /** Go on to the next place of a hop, or back; begin at the finding under the cursor, else at the heaviest. */
    async move(by: 1 | -1): Promise<void> {
        const cursor = cursorOf(vscode.window.activeTextEditor);
        const put = cursor && !isSame(cursor, this.left) ? cursor : null;
        const findings = this.model.findings.filter(({ hops }) => hops.some(({ place }) => place));
        const finding = (put && this.findingAt(findings, put)) ?? this.step?.finding ?? findings[0];
        const walked = finding && finding === this.step?.finding ? this.step.hop : null;
        const hop = finding ? nextHop(canonical(finding), by, walked, put) : null;
        if (!finding || hop === null) {
            const what = finding ? "This leak has no place" : "No leak of the open heap dump has a place";
            void vscode.window.showInformationMessage(`${what} in the sources here.`);
            return;
        }
        await this.goTo({ finding, hop });
    }

    /** Go to a hop, and say which one it is; the focus stays where it is if that is wanted. */
    async goTo(step: Step, preserveFocus = false): Promise<void> {
        const place = step.finding.hops[step.hop]?.place;
        this.step = step;
        this.moved.fire(step);
        let editor = vscode.window.activeTextEditor;
        try {
            if (place) {
                editor = await reveal(place, preserveFocus);
                this.mark(editor, place);
            }
        } finally {
            // Also where a file is gone, or shorter than it was: the next step leads on.
            this.left = cursorOf(editor);
        }
        this.told?.dispose();
        this.told = vscode.window.setStatusBarMessage(told(step), 10_000);
    }

    dispose(): void {
        this.heard.dispose();
        this.told?.dispose();
        this.line.dispose();
        this.word.dispose();
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
                editor.setDecorations(this.word, []);
            }
            this.moved.fire(null);
        }
    }

    /** Of the findings with a place on the line the one that is walked, else the heaviest. */
    private findingAt(findings: readonly Finding[], { uri, line }: Cursor): Finding | undefined {
        const here = findings.filter(({ places }) =>
            places.some((place) => place.range.start.line === line && uriOf(place) === uri),
        );
        return here.find((finding) => finding === this.step?.finding) ?? here[0];
    }

    private mark(editor: vscode.TextEditor, { range: { start, end } }: Place): void {
        const word = new vscode.Range(start.line, start.character, end.line, end.character);
        for (const other of vscode.window.visibleTextEditors) {
            other.setDecorations(this.line, other === editor ? [editor.selection] : []);
            other.setDecorations(this.word, other === editor ? [word] : []);
        }
    }
}

/** The hops of a finding, their files named as the editor names them. */
export function canonical({ hops }: Finding): Hop[] {
    return hops.map((hop) => ({ ...hop, place: hop.place && { ...hop.place, uri: uriOf(hop.place) } }));
}

function uriOf({ uri }: Place): string {
    return vscode.Uri.parse(uri).toString();
}

/** Where the cursor of an editor is. */
export function cursorOf(editor: vscode.TextEditor | undefined): Cursor | null {
    const { line = 0, character = 0 } = editor?.selection.active ?? {};
    return editor ? { uri: editor.document.uri.toString(), line, character } : null;
}

function isSame(a: Cursor, b: Cursor | null): boolean {
    return a.uri === b?.uri && a.line === b.line && a.character === b.character;
}

function told({ finding: { hops }, hop }: Step): string {
    const at = hops[hop];
    const only =
        at?.place && hops.length > 1 && stopsOf(hops).length === 1 ? " (the only place in the sources here)" : "";
    return at ? `hop ${hop + 1} of ${hops.length}: ${at.from} ${at.via} → ${at.to}${only}` : "";
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
