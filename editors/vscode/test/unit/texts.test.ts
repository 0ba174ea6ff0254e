import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, codeSpan, counted, escaped, familyOf, lineOf, nameOf, sentences } from "../../src/texts";

test("bytes have the unit that reads best", () => {
    assert.deepEqual([0, 1, 1023, 1024, 7168, 5 * 1024 ** 3].map(bytes), [
        "0 bytes",
        "1 byte",
        "1,023 bytes",
        "1.0 KiB",
        "7.0 KiB",
        "5.0 GiB",
    ]);
});

test("numbers agree with their nouns", () => {
    assert.deepEqual([counted(1, "leak"), counted(3000, "leak")], ["1 leak", "3,000 leaks"]);
});

test("the last part of a path is its name, on any system", () => {
    assert.deepEqual(["/a/b.pmat", "C:\\a\\b.pmat", "b.pmat"].map(nameOf), ["b.pmat", "b.pmat", "b.pmat"]);
});

test("the dumps of one program belong together, in the order of their numbers", () => {
    const names = ["app-10.pmat", "app-2.pmat", "other.pmat", "app.pmat.xz", "application.pmat"];
    assert.deepEqual(familyOf("app-2.pmat", names), ["app-2.pmat", "app-10.pmat", "app.pmat.xz"]);
    assert.deepEqual(familyOf("other.pmat", names), ["other.pmat"]);
});

test("texts of a dump stay what they are in Markdown", () => {
    assert.equal(escaped("<img>[a](b) *x* _y_ $a_b #1"), "\\<img\\>\\[a\\](b) \\*x\\* \\_y\\_ $a_b \\#1");
    assert.deepEqual(["$a", "a`b", "``"].map(codeSpan), ["`$a`", "`` a`b ``", "``` `` ```"]);
});

test("the fragment of a place names its line", () => {
    assert.deepEqual(["L1", "L25", "", "L0", "Lx", "x"].map(lineOf), [0, 24, 0, 0, 0, 0]);
});

test("a message has no link, whatever is named in it", () => {
    const name = "[Fix](command:workbench.action.terminal.new).pmat";
    assert.equal(sentences(`${name}: truncated`), "[Fix] (command:workbench.action.terminal.new).pmat: truncated");
    assert.equal(sentences("[Fix]\n(command:a)"), "[Fix]. (command:a)");
});

test("lines become sentences", () => {
    assert.equal(
        sentences("a.pmat: truncated\nIt was killed.\nMake another."),
        "a.pmat: truncated. It was killed. Make another.",
    );
});
