/** The server's own requests, as far as this extension uses them; docs/protocol.md describes them. */

import type { Range, WorkspaceEdit } from "vscode-languageclient";

/** In hexadecimal: `0x55d0c8a3f2b8`. */
export type Address = string;
/** How the dump in front is. */
export type State = "none" | "loading" | "ready" | "failed";
/** How strongly one SV holds another. */
export type Strength = "strong" | "weak" | "indirect" | "inferred";

/** `pmat/changed`. */
export interface Changed {
    readonly dump: string | null;
    readonly state: State;
    readonly message: string;
    readonly version: number;
}

/** `pmat/leaks`. */
export interface Leaks {
    readonly state: State;
    readonly version: number;
    readonly message: string;
    readonly dump: Dump | null;
    readonly dumps: readonly Choice[];
    readonly checked: Checked | null;
    /** What leaked. */
    readonly findings: readonly Finding[];
    /** What only holds itself, but live code can still reach. */
    readonly selfHeld: readonly Finding[];
    readonly overview: Overview | null;
}

/** The dump that is open. */
export interface Dump {
    readonly uri: string;
    readonly name: string;
    readonly path: string;
    readonly perl: string;
    readonly format: string;
    readonly threads: boolean;
    readonly svs: number;
    readonly bytes: number;
    readonly when: string | null;
    readonly previous: string | null;
}

/** A dump to choose: one that is open, or lies where dumps are looked for. */
export interface Choice {
    readonly uri: string;
    readonly name: string;
    readonly path: string;
    readonly when: string | null;
    readonly open: boolean;
    readonly front: boolean;
}

/** What was looked at. */
export interface Checked {
    readonly svs: number;
    readonly roots: number;
    readonly lost: number;
    readonly unexplained: number;
    readonly selfHeld: number;
    readonly proven: number;
}

/** A leak, or what only holds itself. */
export interface Finding {
    readonly id: string;
    readonly verdict: "leaked" | "self-held";
    /** The code of its diagnostic. */
    readonly code: string;
    /** How live code can reach something self-held. */
    readonly reach: readonly string[];
    readonly pattern: string;
    readonly title: string;
    readonly shape: string;
    readonly cure: string;
    readonly chain: string;
    readonly count: number;
    readonly bytes: number;
    readonly bytesEach: number;
    readonly svs: number;
    readonly handles: readonly number[];
    readonly classes: readonly string[];
    readonly addresses: readonly Address[];
    /** Why a comment in the source says that it is to be left alone; null where none does. */
    readonly ignored: string | null;
    readonly place: Place | null;
    readonly places: readonly Place[];
    readonly hops: readonly Hop[];
    readonly graph: Graph;
    readonly document: string;
}

/** A place in a source. */
export interface Place {
    readonly uri: string;
    readonly range: Range;
    readonly text: string;
}

/** A reference of a cycle. */
export interface Hop {
    readonly from: string;
    readonly to: string;
    readonly via: string;
    readonly kind: string;
    readonly source: Address;
    readonly address: Address;
    readonly place: Place | null;
}

/** A cycle as nodes and edges. */
export interface Graph {
    readonly nodes: readonly Node[];
    readonly edges: readonly Edge[];
}

/** An SV of a cycle. */
export interface Node {
    readonly id: number;
    readonly address: Address;
    readonly kind: string;
    readonly class: string | null;
    readonly label: string;
}

/** A reference of a cycle. */
export interface Edge {
    readonly from: number;
    readonly to: number;
    readonly strength: Strength;
    readonly label: string;
    readonly back: boolean;
}

/** What takes the retained sizes to be known. */
export interface Overview {
    readonly handles: readonly {
        readonly number: number;
        readonly finding: string | null;
        readonly address: Address;
    }[];
    readonly classes: readonly ClassSize[];
    readonly bytes: {
        readonly reachable: number;
        readonly leaked: number;
        readonly selfHeld: number;
        readonly unexplained: number;
    };
}

/** What the objects of a class keep alive. */
export interface ClassSize {
    readonly name: string;
    readonly objects: number;
    readonly leaked: number;
    readonly bytes: number;
    readonly retained: number;
}

/** `pmat/catalogue`. */
export interface Catalogue {
    readonly version: number;
    readonly questions: readonly Question[];
}

/** Something that can be asked. */
export interface Question {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly dumps: { readonly least: number; readonly most: number | null };
    readonly parameters: readonly Parameter[];
}

/** What a question is told. */
export interface Parameter {
    readonly name: string;
    readonly takes: string;
    readonly help: string;
    readonly positional: boolean;
    readonly required: boolean;
    readonly letter: string;
    readonly default: number | string | null;
    readonly choices: readonly string[];
}

/** `pmat/run`. */
export interface RunResult {
    readonly answer: { readonly title: string; readonly rows: readonly Record<string, number | string | null>[] };
    readonly text: string;
}

/** A change that takes a leak away. */
export interface Fix {
    readonly title: string;
    readonly safety: "safe" | "review";
    readonly reason: string;
    /** What runs of the program have shown; null: nothing. */
    readonly verified: boolean | null;
}

/** `pmat/fixes`. */
export interface Fixes {
    readonly fixes: readonly Fix[];
    readonly whyNone: string;
    readonly byHand: string;
    readonly folder: string | null;
    readonly command: string;
    readonly warning: string;
}

/** `pmat/verify`. */
export interface Verification {
    readonly command: readonly string[];
    readonly folder: string;
    readonly runs: number;
    readonly trials: readonly Trial[];
    readonly notes: readonly string[];
}

/** A fix that was tried. */
export interface Trial extends Fix {
    readonly outcome: string;
    readonly diff: string;
    /** Only where it is verified. */
    readonly edit: WorkspaceEdit | null;
}

/** `pmat/expand`. */
export interface Expansion {
    readonly total: number;
    readonly offset: number;
    readonly rows: readonly Child[];
}

/** A row of `pmat/expand`. */
export interface Child {
    readonly address: Address;
    readonly label: string;
    readonly kind: string;
    readonly class: string | null;
    readonly via: string;
    readonly strength: Strength | null;
    readonly bytes: number;
    readonly retained: number | null;
    readonly children: number;
    readonly leaked: boolean;
}

/** What a command that opens a document gives back. */
export interface Opened {
    readonly uri: string;
    readonly shown: boolean;
    readonly text: string | null;
}
