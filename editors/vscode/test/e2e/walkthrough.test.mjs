// "Find your first leak": from an empty window to the demo's dump, by the buttons of the walkthrough alone.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { stepsIn, Workbench } from "./workbench.mjs";

let bench;

before(async () => {
    bench = await Workbench.open({});
});

after(() => bench?.close());

const step = stepsIn(() => bench);
const pageOfSteps = () => bench.page.locator(".gettingStartedContainer");
const open = (title) => pageOfSteps().locator(".step-title", { hasText: title }).first().click();
const button = (name) => pageOfSteps().locator(".monaco-button", { hasText: name }).first();

step("it begins with the server, and says how to install it", async () => {
    await bench.command("pmat: Find Your First Leak");
    await pageOfSteps().filter({ hasText: "Find your first Perl leak" }).waitFor();
    await button("How to install it").click();
    await bench.choose("Install pmat-lsp", "With uv");
    await bench.terminal().filter({ hasText: "uv tool install pmat-lsp" }).waitFor();
    await bench.command("Terminal: Kill All Terminals");
});

step("the demo opens, with the source that leaks beside the next step", async () => {
    await bench.command("pmat: Find Your First Leak");
    await open("Open the demo program");
    await button("Open the demo").waitFor();
    await bench.shot("walkthrough");
    await button("Open the demo").click();
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
    await bench.squiggles().first().waitFor();
    await button("Next hop").waitFor();
    await bench.shot("walkthrough-demo");
});

step("the chain is walked beside the walkthrough", async () => {
    await button("Next hop").click();
    await bench.status(/^hop 1 of 4/).waitFor();
    await bench.at(42);
    await button("Next hop").click();
    await bench.status(/^hop 2 of 4/).waitFor();
    await bench.at(46);
    assert.equal(await bench.page.locator(".editor-group-container").count(), 2);
});

step("the last step runs the program again for a new heap dump", async () => {
    await open("Fix it, and look again");
    await button("Make a heap dump").click();
    await bench.choose("of which program?", "app.pl");
    await bench.choose("when?", "When it ends");
    await bench.terminal().filter({ hasText: "-Ilib app.pl" }).waitFor();
    await bench.page.keyboard.press("Enter");
    await bench.status("app.pmat: 1 leak").waitFor();
});
