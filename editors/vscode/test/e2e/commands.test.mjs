// The commands of the palette: what they ask, and what comes of it.
import assert from "node:assert/strict";
import { copyFileSync, rmSync, utimesSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { demoFolder, stepsIn, Workbench } from "./workbench.mjs";

let bench;
let folder;

before(async () => {
    folder = demoFolder();
    const [newer, older] = ["courier.pmat.xz", "courier-2.pmat.xz"].map((name) => path.join(folder, name));
    copyFileSync(newer, older);
    utimesSync(older, 1e9, 1e9);
    bench = await Workbench.open({ folder });
    await bench.openFile("HTTP.pm");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
});

after(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
});

const step = stepsIn(
    () => bench,
    async ({ page }) => page.keyboard.press("Escape"),
);

/** Wait for a text in the report in front. */
const told = (text) => bench.webview().locator("#page", { hasText: text }).waitFor();

const openOverview = async () => {
    await bench.status("courier.pmat.xz: 1 leak").click();
    await bench.choose("Switch the heap dump", "Open the overview");
};

step("an analysis asks for what it takes, and its answer opens", async () => {
    await bench.command("pmat: Run an Analysis…");
    await bench.fill("Run an analysis", "largest");
    await bench.fill("largest: counts", "2 1");
    await bench.tick("largest: options", "--retained");
    await told("largest 2 1 --retained");
});

step("an option of an analysis that has a value is asked for", async () => {
    await bench.command("pmat: Run an Analysis…");
    await bench.fill("Run an analysis", "identify");
    await bench.fill("identify: sv", "%INC");
    await bench.tick("identify: options", "--depth");
    await bench.fill("identify: depth", "1");
    await told(/identify %INC --depth 1/);
});

step("an SV is identified by what is typed", async () => {
    await bench.command("pmat: Identify an SV…");
    await bench.fill("Identify an SV", "%INC");
    await told(/^\s*identify %INC\s/);
    await told("%main::INC");
});

step("two dumps are compared, the older one first", async () => {
    await bench.command("pmat: Compare Two Dumps…");
    await bench.choose("the older heap dump", "courier-2.pmat.xz");
    await bench.choose("the newer heap dump", "courier.pmat.xz");
    await told(/compare .*courier-2\.pmat\.xz.*courier\.pmat\.xz/);
    // The two are alike.
    await told("before and after");
});

step("all leaks are shown as a document", async () => {
    await bench.command("pmat: Show All Leaks as a Document");
    await told(/^\s*courier\.pmat\.xz: 1 proven leak\./);
});

step("the status bar item opens the overview, whose areas, handles and leaks lead on", async () => {
    await bench.command("View: Close All Editors");
    await openOverview();
    const overview = bench.webview();
    await overview.locator(".treemap .area", { hasText: "Courier::Connection" }).waitFor();
    await bench.shot("overview");
    await overview.locator(".treemap .area", { hasText: "Courier::Connection" }).click();
    await told("find blessed Courier::Connection");
    await openOverview();
    await overview.locator(".handles button", { hasText: /^5$/ }).click();
    await told(/identify 0x[\da-f]+/);
    await openOverview();
    await overview.getByRole("button", { name: /can never be freed/ }).click();
    await bench.at(79);
    await overview.getByRole("button", { name: "picture" }).click();
    await bench.webview().locator("svg .edge").first().waitFor();
    await bench.command("View: Close All Editors");
});

step("the overview compares the dumps of one program", async () => {
    await bench.command("pmat: Open the Overview of the Heap Dump");
    const frame = bench.webview();
    await frame.getByRole("button", { name: "Compare with 1 other dump beside it" }).click();
    await frame.locator("table.growth tbody tr").first().waitFor();
    assert.equal(await frame.locator("table.growth tbody tr").count(), 2);
    assert.match(await frame.locator("table.growth tbody").textContent(), /18,471/);
    await bench.shot("growth");
    await bench.command("View: Close All Editors");
});

step("another dump is opened, the dump is closed, and read again", async () => {
    await bench.openFile("HTTP.pm");
    await bench.command("pmat: Open a Heap Dump…");
    await bench.choose("Open a heap dump", "courier-2.pmat.xz");
    await bench.status("courier-2.pmat.xz: 1 leak").waitFor();
    await bench.goTo(79);
    await bench.squiggles().first().waitFor();
    await bench.command("pmat: Close the Heap Dump");
    await bench.squiggles().first().waitFor({ state: "detached" });
    await bench.status(/^\s*pmat\s*$/).waitFor();
    await bench.command("pmat: Reload the Heap Dump");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
    await bench.squiggles().first().waitFor();
});

step("the status bar item offers the dumps that are open or lie here", async () => {
    await bench.status("courier.pmat.xz: 1 leak").click();
    const rows = bench.page.locator(".quick-input-list .monaco-list-row");
    await rows.filter({ hasText: "courier.pmat.xz" }).filter({ hasText: "in front" }).waitFor();
    await bench.shot("switch");
    await bench.choose("Switch the heap dump", "courier-2.pmat.xz");
    await bench.status("courier-2.pmat.xz: 1 leak").waitFor();
    await bench.command("pmat: Switch the Heap Dump…");
    await bench.choose("Switch the heap dump", /courier\.pmat\.xz/);
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
});

step("lenses and hints come and go with their settings", async () => {
    const lens = bench.page.locator(".codelens-decoration", { hasText: "59 leaked" }).first();
    const hint = bench.page.locator(".view-line", { hasText: /sub.*59\sleaked/ }).first();
    await bench.goTo(79);
    assert.equal((await lens.count()) + (await hint.count()), 0);
    const there = (brief) => lens.waitFor(brief);
    const gone = (brief) => lens.waitFor({ state: "detached", ...brief });
    await bench.settings({ "pmat.codeLens.enable": true }, there);
    await bench.settings({ "pmat.inlayHints.enable": true }, (brief) => hint.waitFor(brief));
    await gone();
    await bench.settings({ "pmat.codeLens.enable": true }, there);
    await lens.click();
    await told(/identify 0x[\da-f]+/);
    await bench.openFile("HTTP.pm");
    await bench.settings({}, gone);
});

step("the links of a hover run commands", async () => {
    await bench.command("View: Close All Editors");
    await bench.openFile("HTTP.pm");
    await bench.goTo(76, 20);
    await bench.command("Show or Focus Hover");
    await bench.page.locator(".monaco-hover:visible a", { hasText: /^0x/ }).first().click();
    await told(/^\s*show 0x/);
    await bench.command("View: Close All Editors");
    await bench.openFile("HTTP.pm");
});

step("the server is started anew", async () => {
    const before = bench.servers();
    assert.equal(before.length, 1);
    await bench.command("pmat: Restart the Server");
    await bench.until(() => bench.servers().some((pid) => !before.includes(pid)), "another server");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
    await bench.until(() => bench.servers().length === 1, "the end of the old server");
});

step("the log says which server was started, and why that one", async () => {
    await bench.command("pmat: Show the Log");
    await bench.page.locator(".output-view", { hasText: /pmat-lsp\sserve\s\(the\ssetting/ }).waitFor();
});

step("a way to install the server is put into a terminal", async () => {
    await bench.command("pmat: How to Install the Server");
    await bench.choose("Install pmat-lsp", "With pipx");
    await bench.terminal().filter({ hasText: "pipx install pmat-lsp" }).waitFor();
    await bench.command("Terminal: Kill All Terminals");
});

step("a heap dump is made of a program that is chosen, by a command line of perl in a terminal", async () => {
    await bench.command("View: Close All Editors");
    await bench.command("pmat: Make a Heap Dump…");
    await bench.choose("of which program?", "app.pl");
    await bench.choose("when?", "When it gets the signal QUIT");
    const line = "perl -MDevel::MAT::Dumper=-dump_at_SIGQUIT,-file,app.pmat -Ilib app.pl";
    await bench.terminal().filter({ hasText: line }).waitFor();
    await bench.command("Terminal: Kill All Terminals");
});
