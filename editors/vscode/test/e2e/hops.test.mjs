// The keys of the next and the previous hop, on chains with several hops on one line, and where the cursor is put.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { programFolder, stepsIn, Workbench } from "./workbench.mjs";

const NEXT = "Alt+F9";
const PREVIOUS = "Shift+Alt+F9";
let bench;
let folder;

before(async () => {
    folder = programFolder("shared_line");
    writeFileSync(path.join(folder, "other.pl"), "print 1;\n".repeat(60));
    bench = await Workbench.open({ folder });
    await bench.openFile("shared_line.pl");
    await bench.status("shared_line.pmat.xz: 3 leaks").waitFor();
});

after(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
});

const step = stepsIn(() => bench);

/** Press a key as often as there are stops, each as what the status bar begins with and where the cursor is. */
async function walks(key, stops) {
    for (const [said, line, column] of stops) {
        const told = await bench.walk(key);
        assert.equal(told.replace(/:.*/, ""), said);
        await bench.until(
            async () => (await bench.position()) === `Ln ${line}, Col ${column}`,
            `the cursor at ${line}:${column} for ${told}`,
        );
        assert.equal(await bench.activeTab(), "shared_line");
    }
}

step("the next hop is every place of the chain in turn, also on the same line, and then the first one again", () =>
    walks(NEXT, [
        ["hop 1 of 4", 35, 13],
        ["hop 2 of 4", 35, 29],
        ["hop 3 of 4", 32, 12],
        ["hop 1 of 4", 35, 13],
        ["hop 2 of 4", 35, 29],
    ]),
);

step("the previous hop is the same way back, over the first one to the last", () =>
    walks(PREVIOUS, [
        ["hop 1 of 4", 35, 13],
        ["hop 3 of 4", 32, 12],
        ["hop 2 of 4", 35, 29],
        ["hop 1 of 4", 35, 13],
    ]),
);

step("a chain with all its hops on one line is walked from the cursor there, whatever was walked before", async () => {
    await bench.goTo(51);
    await walks(NEXT, [
        ["hop 2 of 2", 51, 29],
        ["hop 1 of 2", 51, 13],
        ["hop 2 of 2", 51, 29],
    ]);
    await walks(PREVIOUS, [["hop 1 of 2", 51, 13]]);
    await bench.shot("hops on one line");
});

step("an element of an array that is a closure is at its sub", async () => {
    await bench.goTo(41);
    await walks(NEXT, [
        ["hop 2 of 3", 42, 9],
        ["hop 3 of 3", 43, 13],
        ["hop 1 of 3", 41, 13],
    ]);
});

step("the walk goes on from the hop on the line to which the cursor is put", async () => {
    await bench.goTo(42);
    await walks(NEXT, [["hop 3 of 3", 43, 13]]);
    await bench.goTo(42, 20);
    await walks(PREVIOUS, [["hop 1 of 3", 41, 13]]);
    await bench.goTo(35, 30);
    await walks(NEXT, [["hop 3 of 4", 32, 12]]);
    await bench.goTo(35, 14);
    await walks(NEXT, [["hop 2 of 4", 35, 29]]);
});

step("where no hop is on the line of the cursor, the walk goes to the nearest one in the file", async () => {
    await bench.goTo(20);
    await walks(NEXT, [
        ["hop 3 of 4", 32, 12],
        ["hop 1 of 4", 35, 13],
    ]);
    await bench.goTo(59, 40);
    await walks(PREVIOUS, [
        ["hop 2 of 4", 35, 29],
        ["hop 1 of 4", 35, 13],
    ]);
});

step("from a file without a hop, and without any file, the walk goes on", async () => {
    await bench.openFile("other.pl");
    await bench.goTo(35);
    await walks(NEXT, [["hop 2 of 4", 35, 29]]);
    await bench.command("View: Close All Editors");
    await bench.command("pmat: Next Hop of the Leak Chain");
    await bench.status(/^hop 3 of 4/).waitFor();
    await bench.at(32);
});
