// The commands that ask something, and the growth of several dumps.
import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { demoFolder, stepsIn, Workbench } from "./workbench.mjs";

let bench;
let folder;

before(async () => {
    folder = demoFolder();
    copyFileSync(path.join(folder, "courier.pmat.xz"), path.join(folder, "courier-2.pmat.xz"));
    bench = await Workbench.open({ folder });
    await bench.openFile("HTTP.pm");
    await bench.status(/courier.*: 1 leak/).waitFor();
});

after(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
});

const step = stepsIn(
    () => bench,
    (window) => window.page.keyboard.press("Escape"),
);

/** Type into the box that asks, and go on. */
async function answer(text) {
    const box = bench.page.locator(".quick-input-widget:visible input.input").first();
    await box.waitFor();
    await box.fill(text);
    await bench.page.keyboard.press("Enter");
}

step("an analysis is chosen from the catalogue, and its answer opens", async () => {
    await bench.command("pmat: Run an Analysis…");
    await answer("summary");
    await bench.page.locator(".monaco-editor", { hasText: "18,471" }).first().waitFor();
});

step("an SV is identified by what is typed", async () => {
    await bench.command("pmat: Identify an SV…");
    await answer("%INC");
    await bench.page.locator(".monaco-editor", { hasText: "%main::INC" }).first().waitFor();
});

step("a heap dump is made by a command line of perl in a terminal", async () => {
    await bench.openFile("app.pl");
    await bench.command("pmat: Make a Heap Dump…");
    await answer("When it ends");
    await bench.page.locator(".terminal-wrapper.active .xterm-screen").first().waitFor();
    await bench.command("Terminal: Kill All Terminals");
});

step("a filter leaves out the leaks without its words", async () => {
    await bench.page.locator(".activitybar [aria-label*='Perl leaks']").first().click();
    const finding = bench.page.getByRole("treeitem", { name: /can never be freed/ }).first();
    await finding.waitFor();
    await bench.command("pmat: Filter the Leaks…");
    await answer("no such class");
    await finding.waitFor({ state: "detached" });
    await bench.command("pmat: Filter the Leaks…");
    await answer("courier");
    await finding.waitFor();
});

step("the overview compares the dumps of one program", async () => {
    await bench.command("pmat: Open the Overview of the Heap Dump");
    const frame = bench.webview();
    await frame.getByRole("button", { name: /Compare with/ }).click();
    await frame.locator("table.growth tbody tr").first().waitFor();
    assert.equal(await frame.locator("table.growth tbody tr").count(), 2);
    assert.match(await frame.locator("table.growth tbody").textContent(), /18,471/);
    await bench.shot("growth");
});
