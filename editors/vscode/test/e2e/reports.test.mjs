// Reports are shown rendered: their links lead on, and what a heap dump has put into them stays text.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";
import { demoFolder, stepsIn, Workbench } from "./workbench.mjs";

/** A program that leaks objects of a class that is no name but an attack. */
const HOSTILE = `
use Devel::MAT::Dumper;
my $class = '<img src=x onerror="document.body.id=1">[Evil](command:pmat.unload)';
for ( 1 .. 3 ) {
    my $self = bless { '<script>document.body.id=1</script>' => 1 }, $class;
    $self->{'](pmat:/leaks.md)'} = sub { $self };
}
Devel::MAT::Dumper::dump("hostile.pmat");
`;

let bench;
let folder;

before(async () => {
    folder = demoFolder();
    bench = await Workbench.open({ folder });
    await bench.openFile("app.pl");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
});

after(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
});

const step = stepsIn(() => bench);
const link = (text) => bench.webview().getByRole("link", { name: text }).first();
const told = (text) => bench.webview().locator("#page", { hasText: text }).waitFor();

step("a report is no Markdown source but a page with links", async () => {
    await bench.command("View: Close All Editors");
    await bench.command("pmat: Show All Leaks as a Document");
    await link("HTTP.pm:79").waitFor();
    assert.equal(await bench.webview().getByText("](").count(), 0);
    assert.match(await bench.activeTab(), /leaks/);
});

step("the link of an address leads to the report of its SV, and the way back to the report before", async () => {
    await link(/^0x/).click();
    await told(/^\s*show 0x/);
    await bench.shot("report");
    await bench.command("Go Back");
    await told(/1 proven leak/);
});

step("the link of a place leads to its line, beside the report", async () => {
    await link("HTTP.pm:79").click();
    await bench.at(79);
    await link("HTTP.pm:79").waitFor();
});

step("the keyboard follows links as well", async () => {
    await bench.command("View: Close All Editors");
    await bench.command("pmat: Show All Leaks as a Document");
    await link(/^0x/).focus();
    await bench.page.keyboard.press("Enter");
    await told(/^\s*show 0x/);
    await bench.command("View: Close All Editors");
});

step("a report is drawn anew with a new dump, and the texts of a hostile one stay texts", async () => {
    await bench.command("pmat: Show All Leaks as a Document");
    await told(/courier\.pmat\.xz: 1 proven leak/);
    writeFileSync(path.join(folder, "hostile.pl"), HOSTILE);
    execFileSync("perl", ["hostile.pl"], { cwd: folder, stdio: "pipe" });
    await bench.status("hostile.pmat: 1 leak").waitFor();
    await told(/hostile\.pmat: 1 proven leak/);
    await harmless(bench.webview(), "<img src=x onerror=");
    await bench.shot("hostile");
    await bench.command("View: Close All Editors");
    await bench.command("pmat: Open the Overview of the Heap Dump");
    await harmless(bench.webview(), "<img src=x onerror=");
    await bench.command("View: Close All Editors");
    await bench.command("pmat: Show the Chain as a Picture");
    await harmless(bench.webview(), "](pmat:/leaks.md)");
});

/** Wait until a page shows a text of the dump, and see that it is a text. */
async function harmless(frame, text) {
    await frame.getByText(text).first().waitFor();
    assert.equal(await frame.locator("#page img, #page script, body[id], a[href^='command:']").count(), 0);
}
