// The views of the leaks and of the file handles, and the picture: every menu, the keyboard, and what they copy.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { demoFolder, stepsIn, Workbench } from "./workbench.mjs";

let bench;
let folder;

before(async () => {
    folder = demoFolder();
    bench = await Workbench.open({ folder });
    await bench.openFile("HTTP.pm");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
    await bench.page.locator(".activitybar [aria-label*='Perl leaks']").first().click();
    await finding().waitFor();
});

after(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
});

const step = stepsIn(() => bench);
const finding = () => bench.row(/^59 Courier::Connection objects can never be freed/);
const hop = () => bench.row("$on_closed → the closure at lib/Courier/HTTP.pm:80");
const told = (text) => bench.webview().locator("#page", { hasText: text }).waitFor();

step("a leak is copied as Markdown", async () => {
    await bench.menu(finding(), "Copy as Markdown");
    await bench.status("Copied as Markdown").waitFor();
    const lines = (await bench.clipboard()).split("\n");
    assert.equal(lines[0], "### 59 Courier::Connection objects can never be freed (`container-capture`)");
    assert.match(lines[2], /^1\.0 MiB, 59 file handles: \w/);
    assert.deepEqual(lines.slice(4, 8), [
        "1. `Courier::Connection` `->{on_closed}` → `the closure at lib/Courier/Connection.pm:43`",
        "2. `the closure at lib/Courier/Connection.pm:43` `$on_closed` → `the closure at lib/Courier/HTTP.pm:80`",
        "3. `the closure at lib/Courier/HTTP.pm:80` `$conns` → `ARRAY(1)`",
        "4. `ARRAY(1)` `->[0]` → `Courier::Connection`",
    ]);
    assert.ok(lines.includes("- lib/Courier/HTTP.pm:79: this closure captures $conns"), lines.join("\n"));
    assert.ok(lines.some((line) => /^Cure: \w/.test(line)));
    assert.match(lines.at(-2), /^From the heap dump courier\.pmat\.xz of perl 5\.\d+\.\d+, 18,471 SVs\.$/);
});

step("a menu leads from a leak, a hop and a file handle to the source", async () => {
    await bench.menu(finding(), "Go to Source");
    await bench.at(79);
    await bench.menu(hop(), "Go to Source");
    await bench.at(46);
    await bench.menu(bench.row(/^file 5 leaked/), "Go to Source");
    await bench.at(79);
});

step("a menu identifies and shows the SV of a leak, of a hop and of a file handle", async () => {
    for (const row of [finding(), hop(), bench.row(/^file 5 leaked/)]) {
        await bench.menu(row, /^Identify$/);
        await told(/^\s*identify 0x/);
        await bench.menu(row, /^Show$/);
        await told(/^\s*show 0x/);
    }
});

step("the file handles are listed by number, and a click identifies one", async () => {
    const rows = bench.page.locator(".pane-body").getByRole("treeitem", { name: /^file \d+/ });
    assert.match(await rows.nth(0).getAttribute("aria-label"), /^file 0/);
    assert.match(await rows.nth(4).getAttribute("aria-label"), /^file 4 leaked: 59 Courier::Connection/);
    await rows.nth(4).click();
    await told(/^\s*identify 0x/);
    await told("IO::File");
});

step("a hop opens to what refers to its SV, and that to its own", async () => {
    await bench.command("View: Close All Editors");
    await hop().click();
    await bench.at(46);
    await bench.page.keyboard.press("ArrowRight");
    const holder = bench.page.locator(".pane-body [role=treeitem][aria-level='3']").last();
    await holder.waitFor();
    assert.match(await holder.getAttribute("aria-label"), /lexical|value|element|referrant/);
    await holder.click();
    await told(/^\s*show 0x/);
    await holder.locator(".monaco-tl-twistie").click();
    await bench.page.locator(".pane-body [role=treeitem][aria-level='4']").first().waitFor();
    await hop().click();
    await bench.status(/^hop 2 of 4/).waitFor();
    await bench.page.keyboard.press("ArrowLeft");
    await holder.waitFor({ state: "detached" });
});

step("the keyboard alone walks the view, and stays in it", async () => {
    await bench.command("View: Close All Editors");
    await bench.command("Leaks: Focus on Leaks View");
    for (const [down, name, line] of [
        [1, /^->\{on_closed\}/, 42],
        [2, /^\$on_closed/, 46],
        [3, /^\$conns/, 82],
    ]) {
        // Again where the view was still about to take the focus, which puts it on its first row.
        await bench.until(async () => {
            for (const key of ["Home", ...Array(down).fill("ArrowDown")]) {
                await bench.page.keyboard.press(key);
            }
            const focused = bench.page.locator(".pane-body .monaco-list:focus .monaco-list-row.focused");
            return focused
                .filter({ hasText: name })
                .waitFor({ timeout: 1_000 })
                .then(() => true);
        }, `the focus on ${name}`);
        await bench.page.keyboard.press("Enter");
        await bench.at(line);
    }
    await bench.status(/^hop 3 of 4/).waitFor();
    assert.match(await bench.walk("Alt+F9"), /hop 1 of 4/);
});

step("a filter leaves out the leaks without its words", async () => {
    await bench.command("pmat: Filter the Leaks…");
    await bench.fill("Filter the leaks", "no such class");
    await finding().waitFor({ state: "detached" });
    await bench.page.locator(".pane-header", { hasText: "no such class" }).waitFor();
    await bench.shot("filter");
    await bench.command("pmat: Filter the Leaks…");
    await bench.fill("Filter the leaks", "Courier");
    await finding().waitFor();
    await bench.command("pmat: Filter the Leaks…");
    await bench.fill("Filter the leaks", "");
    await finding().waitFor();
});

step(
    "the picture marks the hop of the cursor, and leads to the source of a hop, by mouse and by keyboard",
    async () => {
        await bench.command("View: Close All Editors");
        await bench.openFile("HTTP.pm");
        await bench.menu(finding(), "Show the Chain as a Picture");
        const frame = bench.webview();
        const current = (text) => frame.locator("svg .edge.current", { hasText: text }).waitFor();
        await frame.locator("svg .edge").first().waitFor();
        await bench.goTo(82);
        await current("$conns");
        assert.equal(await frame.locator("svg .edge.current").count(), 1);
        await frame.locator("svg .edge", { hasText: "$on_closed" }).locator(".label").click();
        await current("$on_closed");
        await bench.at(46);
        await bench.shot("picture");
        await frame.locator("svg .edge", { hasText: "->{on_closed}" }).focus();
        await bench.page.keyboard.press("Enter");
        await current("->{on_closed}");
        await bench.at(42);
        const node = frame.locator("svg .node.kind-array");
        await node.focus();
        await bench.page.keyboard.press("Enter");
        await told(/^\s*show 0x/);
        await bench.command("View: Close All Editors");
    },
);

step("the picture is told as a text as well", async () => {
    await bench.openFile("HTTP.pm");
    await bench.command("pmat: Show the Chain as a Picture");
    const frame = bench.webview();
    const edges = frame.locator("svg .edge");
    await edges.first().waitFor();
    const labels = await edges.evaluateAll((all) => all.map((edge) => edge.getAttribute("aria-label")));
    assert.deepEqual(labels, [
        "hop 1: ->{on_closed}, strong, lib/Courier/Connection.pm:42",
        "hop 2: $on_closed, strong, lib/Courier/Connection.pm:46",
        "hop 3: $conns, strong, lib/Courier/HTTP.pm:82",
        "hop 4: ->[0], strong",
    ]);
    const list = await frame.locator("ol.hops li button").allTextContents();
    assert.equal(list[2], "the closure at lib/Courier/HTTP.pm:80 $conns → ARRAY(1)");
    await bench.command("View: Close All Editors");
});

step("a leak is ignored by a comment, hidden, and shown again", async () => {
    await bench.menu(finding(), "Ignore");
    await bench.status("courier.pmat.xz: no leak").waitFor();
    await bench.page.keyboard.type("a test");
    await bench.command("File: Save All");
    const source = path.join(folder, "lib/Courier/HTTP.pm");
    const comment = "on_closed => sub { # pmat: ignore[container-capture] a test\n";
    await bench.until(() => readFileSync(source, "utf8").includes(comment), "the comment with its reason");
    await bench.row(/^59 .*can never be freed.*ignored/).waitFor();
    await bench.page.locator(".pane-header", { hasText: "Leaks" }).first().hover();
    await bench.page.locator(".pane-header").getByRole("button", { name: "Hide Ignored Leaks" }).click();
    await finding().waitFor({ state: "detached" });
    await bench.command("pmat: Show Ignored Leaks");
    await finding().waitFor();
});
