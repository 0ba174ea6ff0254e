/** Making a heap dump: the command line of perl that writes one. */

/** When a program writes its dump. */
export interface Moment {
    readonly label: string;
    readonly detail: string;
    /** Options of Devel::MAT::Dumper. */
    readonly options: readonly string[];
}

/** The moments at which Devel::MAT::Dumper can write a dump without a change to the program. */
export const MOMENTS: readonly Moment[] = [
    { label: "When it ends", detail: "for a program that finishes by itself", options: ["-dump_at_END"] },
    {
        label: "When it dies",
        detail: "at the last die; not where files have run out, since the dump is a file too",
        options: ["-dump_at_DIE"],
    },
    {
        label: "When it gets the signal QUIT",
        detail: "press Ctrl+\\ in its terminal, or kill -QUIT it; as often as wanted",
        options: ["-dump_at_SIGQUIT"],
    },
];

/**
 * The command line that runs a program and has it write a dump.
 *
 * @param program path of the Perl program.
 * @param dump path of the dump.
 * @param moment when it is written.
 * @param libraries folders of its modules that perl does not know.
 */
export function captureCommand(program: string, dump: string, moment: Moment, libraries: readonly string[]): string {
    const options = [...moment.options, "-file", dump].join(",");
    const words = [`-MDevel::MAT::Dumper=${options}`, ...libraries.map((folder) => `-I${folder}`), program];
    return ["perl", ...words.map(quoted)].join(" ");
}

/** The folders of modules that programs keep beside them: their own, and what Carton or cpanm installed there. */
export const LIBRARIES = ["lib", "local/lib/perl5"];

/** The dump of a program: `app.pl` writes `app.pmat`. */
export function dumpOf(program: string): string {
    return `${program.replace(/\.(pl|psgi|t|PL)$/, "")}.pmat`;
}

function quoted(word: string): string {
    return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
