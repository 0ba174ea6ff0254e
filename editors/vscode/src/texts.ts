/** Texts for people: numbers, names, places. No VS Code in here. */

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** A number of bytes: `7.0 KiB`. */
export function bytes(count: number): string {
    let unit = 0;
    let left = count;
    while (left >= 1024 && unit < UNITS.length - 1) {
        left /= 1024;
        unit++;
    }
    return unit ? `${left.toFixed(1)} ${UNITS[unit]}` : counted(count, "byte");
}

/** A number and its noun: `1 leak`, `3,000 leaks`. */
export function counted(count: number, noun: string): string {
    return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** A text out of a dump as Markdown that shows just these characters. */
export function escaped(text: string): string {
    return text.replace(/[\\`*[\]<>|~#&]|(?<!\w)_|_(?!\w)/g, "\\$&");
}

/** A text out of a dump as a code span of Markdown, which it cannot end. */
export function codeSpan(text: string): string {
    const runs = text.match(/`+/g) ?? [];
    const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
    const pad = runs.length ? " " : "";
    return `${fence}${pad}${text}${pad}${fence}`;
}

/** The line, from 0, that the fragment of a URI names (`L25`); 0 where it names none. */
export function lineOf(fragment: string): number {
    return Math.max(0, Number(/^L(\d+)$/.exec(fragment)?.[1] ?? 1) - 1);
}

/**
 * Lines as a message: sentences behind each other, since VS Code shows no line feeds, and without links. It makes one of
 * `[label](command:…)`, and a file or a class may be named like that.
 */
export function sentences(lines: string): string {
    return lines
        .replace(/([^.!?:])\n/g, "$1. ")
        .replaceAll("\n", " ")
        .replaceAll("](", "] (");
}

/** The last part of a path. */
export function nameOf(path: string): string {
    return path.replace(/^.*[\\/]/, "");
}

/**
 * Of some file names those that seem to be dumps of one program, in the order of their numbers: `app-2.pmat` belongs to
 * `app-10.pmat`, and to `app.pmat`.
 *
 * @param name of the dump.
 * @param names of the dumps beside it.
 */
export function familyOf(name: string, names: readonly string[]): string[] {
    const stem = stemOf(name);
    const family = names.filter((other) => stemOf(other) === stem);
    return family.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function stemOf(name: string): string {
    return name
        .replace(/\.pmat(\.(gz|xz|zst))?$/, "")
        .replace(/[\d.:T_-]+$/, "")
        .toLowerCase();
}
