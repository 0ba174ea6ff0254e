// The story that must always work: from the squiggle to the fix, in a real window.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { demoFolder, stepsIn, Workbench } from "./workbench.mjs";

let bench;
let folder;

before(async () => {
    folder = demoFolder();
    bench = await Workbench.open({ folder });
});

after(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
});

const step = stepsIn(() => bench);

step("the status bar says how many leaks the dump has", async () => {
    await bench.openFile("HTTP.pm");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
});

step("the closure has a squiggle, and the Problems panel has the hops", async () => {
    const problems = await bench.problems();
    const row = problems.getByRole("treeitem", { name: /Leaked closure/ });
    await row.waitFor();
    await row.click();
    await bench.page.keyboard.press("ArrowRight");
    await problems
        .getByRole("treeitem", { name: /captured here/ })
        .first()
        .waitFor();
    await bench.shot("problems");
    await row.dblclick();
    await bench.squiggles().first().waitFor();
});

step("the hover says what the closure captured", async () => {
    const text = await bench.hoverSquiggle("leaked");
    assert.match(text, /\$conns/);
    await bench.shot("hover");
    await bench.page.keyboard.press("Escape");
});

step("the Leaks view has the chain, and a click on a hop lands on its line", async () => {
    await bench.page.locator(".activitybar [aria-label*='Perl leaks']").first().click();
    await bench.page
        .getByRole("treeitem", { name: /can never be freed/ })
        .first()
        .waitFor();
    const hop = bench.page.getByRole("treeitem", { name: /^\$on_closed/ }).first();
    await hop.click();
    await bench.at(46);
    assert.match(await bench.activeTab(), /Connection/);
    await bench.shot("leaks");
});

step("the keys walk the cycle and come back to the start", async () => {
    await bench.command("View: Focus Active Editor Group");
    const seen = [];
    for (let hop = 0; hop < 8; hop++) {
        await bench.page.keyboard.press("Alt+F9");
        await bench.page.waitForTimeout(400);
        const place = `${await bench.activeTab()} ${await bench.position()}`;
        if (place === seen[0]) {
            break;
        }
        seen.push(place);
    }
    assert.ok(seen.length >= 2, `places: ${seen.join("; ")}`);
    await bench.page.keyboard.press("Shift+Alt+F9");
    await bench.page.waitForTimeout(400);
    assert.equal(`${await bench.activeTab()} ${await bench.position()}`, seen.at(-1));
});

step("the picture draws the cycle, and its hops lead to the source", async () => {
    await bench.command("pmat: Show the Chain as a Picture");
    const frame = bench.webview();
    await frame.locator("svg .edge").first().waitFor();
    assert.equal(await frame.locator("svg .edge").count(), await frame.locator("ol.hops li").count());
    await frame.locator("ol.hops li button").first().click();
    await frame.locator("svg .edge.current").waitFor();
    await bench.shot("picture");
    await bench.command("View: Close All Editors");
});

step("the dump opens as an overview with a treemap", async () => {
    await bench.command("pmat: Open the Overview of the Heap Dump");
    const frame = bench.webview();
    await frame.getByRole("heading", { name: "courier.pmat.xz" }).waitFor();
    await frame.locator(".treemap .area").first().waitFor();
    assert.ok((await frame.locator(".handles li").count()) >= 59);
    await bench.shot("overview");
    await frame.getByRole("button", { name: /can never be freed/ }).click();
    await bench.page.locator(".monaco-editor .squiggly-warning").first().waitFor();
});

step("the quick fix cures the program: a new dump has no leak, and the squiggle goes", async () => {
    await bench.command("View: Close All Editors");
    await bench.openFile("HTTP.pm");
    await bench.command("Go to Next Problem in Files");
    await bench.page.keyboard.press("Control+.");
    const action = bench.page.locator(".action-widget .monaco-list-row", { hasText: /weak/i }).first();
    await action.waitFor();
    await bench.shot("quick-fix");
    await action.click();
    await bench.page.waitForTimeout(1000);
    await bench.command("File: Save All");
    await bench.page.waitForTimeout(500);
    assert.match(readFileSync(path.join(folder, "lib/Courier/HTTP.pm"), "utf8"), /weaken/);
    execFileSync("perl", ["-MDevel::MAT::Dumper=-dump_at_END,-file,courier-2.pmat", "-Ilib", "app.pl"], {
        cwd: folder,
    });
    await bench.status("courier-2.pmat: no leak").waitFor();
    await bench.squiggles().first().waitFor({ state: "detached" });
    await bench.shot("fixed");
});
