/** What the extension and its web pages tell each other. */

/** A leak, as a row of the overview. */
export interface PageFinding {
    readonly id: string;
    readonly title: string;
    readonly pattern: string;
    readonly count: number;
    readonly bytes: number;
    readonly handles: readonly number[];
    readonly classes: readonly string[];
    readonly ignored: boolean;
    /** `lib/Net/Client.pm:25`; null where it has no place on this disk. */
    readonly place: string | null;
}

/** A class whose objects keep memory alive. */
export interface PageClass {
    readonly name: string;
    readonly objects: number;
    readonly bytes: number;
}

/** One of several dumps of a program. */
export interface PageDump {
    readonly name: string;
    readonly svs: number;
    readonly bytes: number;
    readonly handles: number;
}

/** The overview of a dump. */
export interface OverviewPage {
    readonly type: "overview";
    readonly name: string;
    /** What it was: (name, value) pairs, in order. */
    readonly facts: readonly (readonly [string, string])[];
    readonly findings: readonly PageFinding[];
    /** Open files: number, and what is known of each. */
    readonly handles: readonly { readonly address: string; readonly number: number; readonly name: string }[];
    readonly classes: readonly PageClass[];
    /** Other dumps beside it that seem to be of the same program, in order. */
    readonly family: readonly string[];
}

/** Instead of a page: what is going on, or went wrong. */
export interface NoticePage {
    readonly type: "notice";
    readonly message: string;
    readonly error: boolean;
}

/** The dumps of a program in order of time. */
export interface GrowthPage {
    readonly type: "growth";
    readonly dumps: readonly PageDump[];
}

/** What is sent to the overview. */
export type ToOverview = OverviewPage | NoticePage | GrowthPage;

/** What the overview sends. */
export type FromOverview =
    | { readonly type: "ready" }
    | { readonly type: "source"; readonly finding: string }
    | { readonly type: "picture"; readonly finding: string }
    | { readonly type: "class"; readonly name: string }
    | { readonly type: "sv"; readonly address: string }
    | { readonly type: "growth" };

/** What is sent to a report: its Markdown. */
export type ToReport = { readonly type: "report"; readonly text: string } | NoticePage;

/** What a report sends. */
export type FromReport = { readonly type: "ready" } | { readonly type: "link"; readonly target: string };

/** A node of the picture. */
export interface PictureNode {
    readonly id: string;
    /** `HASH`, `CODE`, `ARRAY`, … */
    readonly kind: string;
    readonly label: string;
    readonly address: string;
}

/** An edge of the picture. */
export interface PictureEdge {
    /** Number of the hop, from 0. */
    readonly id: number;
    readonly from: string;
    readonly to: string;
    /** As Perl writes it: `->{on_closed}`. */
    readonly label: string;
    readonly strength: "strong" | "weak" | "indirect" | "inferred";
    /** `lib/Net/Client.pm:25`; null where it has no place. */
    readonly place: string | null;
}

/** The picture of a chain. */
export interface PicturePage {
    readonly type: "picture";
    readonly title: string;
    readonly nodes: readonly PictureNode[];
    readonly edges: readonly PictureEdge[];
}

/** What is sent to the picture: all of it, or which hop the cursor is at. */
export type ToPicture = PicturePage | { readonly type: "hop"; readonly hop: number | null };

/** What the picture sends. */
export type FromPicture =
    | { readonly type: "ready" }
    | { readonly type: "hop"; readonly hop: number }
    | { readonly type: "sv"; readonly address: string };
