import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hop } from "../../src/protocol";
import { type Cursor, hopAt, nextHop, stopsOf } from "../../src/stops";

/** Hops at places as "file:line:column:end", five columns wide without an end; "" has no place. */
function hopsAt(...places: string[]): Hop[] {
    return places.map((text) => {
        const [uri = "", ...numbers] = text.split(":");
        const [line = 0, character = 0, last = character + 5] = numbers.map(Number);
        const range = { start: { line, character }, end: { line, character: last } };
        const place = text ? { uri, range, text } : null;
        return { from: "A", to: "B", via: "->{b}", kind: "key", source: "0x1", address: "0x2", place };
    });
}

function at(uri: string, line: number, character = 0): Cursor {
    return { uri, line, character };
}

/** So many steps, none of which the cursor is moved after. */
function walked(hops: Hop[], by: 1 | -1, steps: number, from: number | null = null): (number | null)[] {
    const found: (number | null)[] = [];
    let hop = from;
    for (let step = 0; step < steps; step++) {
        hop = nextHop(hops, by, hop, null);
        found.push(hop);
    }
    return found;
}

const CHAIN = hopsAt("a:32:12", "", "a:35:13", "a:35:29");

test("a walk stops at every place and comes back to the first, also where places share a line", () => {
    assert.deepEqual(walked(CHAIN, 1, 4), [0, 2, 3, 0]);
    assert.deepEqual(walked(CHAIN, -1, 4), [3, 2, 0, 3]);
    // All on one line, as the workers of a queue that report their progress.
    const line = hopsAt("", "a:62:34", "", "a:62:46");
    assert.deepEqual(walked(line, 1, 4), [1, 3, 1, 3]);
    assert.deepEqual(walked(line, -1, 4), [3, 1, 3, 1]);
});

test("hops at one location are one stop where they follow each other, also over the end", () => {
    const hops = hopsAt("a:1:0", "a:1:0", "", "a:1:0", "b:1:0", "a:1:0");
    assert.deepEqual(
        stopsOf(hops).map((stop) => stop.hops),
        [[0, 1, 3, 5], [4]],
    );
    assert.deepEqual(walked(hops, 1, 3), [0, 4, 0]);
    assert.deepEqual(walked(hops, -1, 3, 5), [4, 0, 4]);
});

test("a location that the chain comes by twice is no trap", () => {
    const hops = hopsAt("a:1:0", "a:2:0", "a:1:0", "a:3:0");
    assert.deepEqual(walked(hops, 1, 5), [0, 1, 2, 3, 0]);
    // The cursor tells which location it is at, and not which time.
    assert.equal(nextHop(hops, 1, 2, at("a", 1)), 3);
    assert.equal(nextHop(hops, 1, 0, at("a", 1)), 1);
});

test("from a hop without a place, as a click in the tree leads to one, the walk goes on to its neighbours", () => {
    assert.deepEqual([nextHop(CHAIN, 1, 1, null), nextHop(CHAIN, -1, 1, null)], [2, 0]);
    const ends = hopsAt("", "a:1:0", "a:2:0", "");
    assert.deepEqual([nextHop(ends, 1, 3, null), nextHop(ends, -1, 3, null)], [1, 2]);
    assert.deepEqual([nextHop(ends, 1, 0, null), nextHop(ends, -1, 0, null)], [1, 2]);
});

test("one place is gone to again, none is nowhere", () => {
    assert.deepEqual(walked(hopsAt("", "a:1:0"), 1, 2), [1, 1]);
    assert.deepEqual(walked(hopsAt("", "a:1:0"), -1, 2), [1, 1]);
    assert.equal(nextHop(hopsAt("", ""), 1, 0, at("a", 1)), null);
    assert.equal(nextHop([], -1, null, null), null);
});

test("the walk goes on from the hop on the line of the cursor, whichever was walked to", () => {
    for (const before of [null, 0, 1, 2, 3]) {
        assert.equal(nextHop(CHAIN, 1, before, at("a", 32)), 2);
        assert.equal(nextHop(CHAIN, -1, before, at("a", 32)), 3);
    }
});

test("of several hops on the line of the cursor the nearest one counts", () => {
    const columns = [0, 13, 17, 22, 25, 29, 33, 80];
    assert.deepEqual(
        columns.map((column) => hopAt(CHAIN, at("a", 35, column), null)),
        [2, 2, 2, 2, 3, 3, 3, 3],
    );
    assert.deepEqual(
        columns.map((column) => nextHop(CHAIN, 1, 0, at("a", 35, column))),
        [3, 3, 3, 3, 0, 0, 0, 0],
    );
    // A word in the range of a whole line.
    assert.deepEqual(
        [2, 9, 12, 25].map((column) => hopAt(hopsAt("a:1:0:30", "a:1:9"), at("a", 1, column), null)),
        [0, 1, 1, 0],
    );
});

test("off the chain the walk goes to the nearest hop in the file, and where none is in it, on", () => {
    assert.deepEqual([nextHop(CHAIN, 1, 3, at("a", 1)), nextHop(CHAIN, -1, 3, at("a", 1))], [0, 0]);
    assert.equal(nextHop(CHAIN, 1, 0, at("a", 99, 99)), 3);
    assert.deepEqual([nextHop(CHAIN, 1, 2, at("b", 35)), nextHop(CHAIN, -1, 2, at("b", 35))], [3, 0]);
});

test("a walk that has not begun begins at an end of the chain, unless the cursor is on a hop", () => {
    assert.deepEqual([nextHop(CHAIN, 1, null, at("a", 30)), nextHop(CHAIN, -1, null, at("a", 30))], [0, 3]);
    assert.deepEqual([nextHop(CHAIN, 1, null, null), nextHop(CHAIN, -1, null, null)], [0, 3]);
});

test("the hop at the cursor is that which was walked to, where several are there", () => {
    const hops = hopsAt("a:1:0", "a:1:0", "a:2:0");
    assert.deepEqual([hopAt(hops, at("a", 1), 1), hopAt(hops, at("a", 1), 2)], [1, 0]);
    assert.deepEqual(
        [hopAt(hops, at("a", 3), 1), hopAt(hops, at("b", 1), 1), hopAt(hops, null, 1)],
        [null, null, null],
    );
});
