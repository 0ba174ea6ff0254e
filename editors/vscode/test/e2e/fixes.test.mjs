// Fixes that need review, fixes that are verified on the program, and what only holds itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { programFolder, ROOT, Workbench } from "./workbench.mjs";

const COMMAND = "perl -Ilib app.pl";
const WEAK = "weaken( my $weak_self = $self );";
const LEAK = /^5 Thing objects can never be freed/;
const FIX_AND_VERIFY = "pmat: Fix and Verify…";
const ASKED = "Fix and verify: the command";
/** The command runs three times, on a busy machine. */
const LONG = { timeout: 120_000 };

/** A test with a window of its own, of the folder that is made. */
function inWindow(name, folderOf, run, options = {}) {
    test(name, async () => {
        const folder = folderOf();
        const bench = await Workbench.open({ folder, ...options });
        try {
            await run(bench, folder);
        } catch (error) {
            await bench.shot(`failed ${name}`);
            throw error;
        } finally {
            await bench.close();
            rmSync(folder, { recursive: true, force: true });
        }
    });
}

/** A program whose fix holds ("calls"), or changes what it prints ("keeps"), with its dump. */
function verifyFolder(name) {
    const folder = mkdtempSync(path.join(tmpdir(), "pmat-verify-"));
    const programs = path.join(ROOT, "tests/programs/verify");
    cpSync(path.join(programs, "lib"), path.join(folder, "lib"), { recursive: true });
    cpSync(path.join(programs, `${name}.pl`), path.join(folder, "app.pl"));
    const dumper = "-MDevel::MAT::Dumper=-dump_at_END,-file,app.pmat";
    execFileSync("perl", [dumper, "-Ilib", "app.pl"], { cwd: folder, stdio: "ignore" });
    return folder;
}

const module = (folder) => readFileSync(path.join(folder, "lib/Thing.pm"), "utf8");
const settings = (folder) => JSON.parse(readFileSync(path.join(folder, ".vscode/settings.json"), "utf8"));

async function openLeaks(bench) {
    await bench.status("app.pmat: 1 leak").waitFor();
    await bench.page.locator(".activitybar [aria-label*='Perl leaks']").first().click();
    await bench.row(LEAK).waitFor();
}

/** Choose a quick fix at the leak. */
async function quickFix(bench, text) {
    const widget = bench.page.locator(".action-widget");
    const row = widget.getByText(text).first();
    await bench.until(async () => {
        await bench.goTo(7, 24);
        await bench.page.keyboard.press("Control+.");
        await row.waitFor({ timeout: 5_000 });
        return true;
    }, `the quick fix ${text}`);
    return row;
}

/** The panel with the preview of a change. */
const panel = (bench) => bench.page.locator(".panel.bottom, .part.panel").first();
const previewed = (bench) => panel(bench).locator(".monaco-list-row", { hasText: "weaken( my $weak_self" }).first();

/** Press a button of the dialogue in front. */
const press = (bench, button) => bench.page.locator(".monaco-dialog-box").getByRole("button", { name: button }).click();

inWindow(
    "a fix that holds is verified from the menu of its leak, shown, and made; the command is asked for once",
    () => verifyFolder("calls"),
    async (bench, folder) => {
        await bench.openFile("Thing.pm");
        await openLeaks(bench);
        await bench.menu(bench.row(LEAK), "Fix and Verify…");
        await bench.fill(ASKED, COMMAND);
        const dialogue = bench.page.locator(".monaco-dialog-box");
        await dialogue.filter({ hasText: "runs at least three times, in copies of" }).waitFor();
        assert.match(await dialogue.textContent(), /Run “perl -Ilib app\.pl”\?.*other folders\) is real\./);
        await bench.shot("verify-warning");
        await press(bench, "Run It");
        const said = bench.message("same output, 5 islands → 0");
        await said.waitFor(LONG);
        await bench.shot("verified");
        assert.equal(settings(folder)["pmat.verifyCommand"], COMMAND);
        await bench.command("Notifications: Clear All Notifications");
        await said.waitFor({ state: "detached" });
        // Neither the command nor whether it may run is asked for again.
        await bench.command(FIX_AND_VERIFY);
        await said.waitFor(LONG);
        await said.getByRole("button", { name: "Show the Changes" }).click();
        await bench.page.locator(".view-line", { hasText: "+    weaken(" }).first().waitFor();
        await bench.shot("verified-changes");
        assert.ok(!module(folder).includes(WEAK));
        await said.getByRole("button", { name: "Apply" }).click();
        // The document is changed, not the file.
        await bench.until(async () => {
            await bench.command("File: Save All");
            return module(folder).includes(WEAK);
        }, "the fix on the disk");
    },
);

inWindow(
    "a fix that changes the output is not made, and the user is told what changed; a change that is not saved is saved",
    () => verifyFolder("keeps"),
    async (bench, folder) => {
        await bench.openFile("Thing.pm");
        await openLeaks(bench);
        await bench.goTo(13);
        await bench.page.locator(".monaco-editor").first().click();
        await bench.goTo(13);
        await bench.page.keyboard.type("# more\n");
        await (await quickFix(bench, "Fix and verify…")).click();
        await bench.fill(ASKED, COMMAND);
        await press(bench, "Run It");
        const said = bench.message("changes the output: lines 2–6 of stdout");
        await said.waitFor(LONG);
        await bench.shot("refuted");
        assert.match(module(folder), /^# more$/m);
        await said.getByRole("button", { name: "Show the Changes" }).click();
        await bench.page.locator(".view-line", { hasText: "+    weaken(" }).first().waitFor();
        assert.ok(!module(folder).includes(WEAK));
    },
);

inWindow(
    "a command that does not show the leak verifies nothing, and another one can be named; what runs can be cancelled",
    () => verifyFolder("calls"),
    async (bench, folder) => {
        await bench.openFile("Thing.pm");
        await openLeaks(bench);
        await bench.command(FIX_AND_VERIFY);
        await bench.fill(ASKED, "perl -e 1");
        await press(bench, "Run It");
        const said = bench.message("this command does not show the leak");
        await said.waitFor(LONG);
        await said.getByRole("button", { name: "Another Command…" }).click();
        const pid = path.join(folder, "pid");
        await bench.fill(ASKED, `sh -c "echo $$ > '${pid}'; exec sleep 600"`);
        await press(bench, "Run It");
        const running = bench.message("Verifying the fix with");
        await bench.until(() => existsSync(pid) && readFileSync(pid, "utf8").trim(), "the command to run");
        await running.getByRole("button", { name: "Cancel" }).click();
        await running.waitFor({ state: "detached" });
        const process = readFileSync(pid, "utf8").trim();
        const all = () => execFileSync("ps", ["-eo", "pid,stat"], { encoding: "utf8" });
        await bench.until(() => !new RegExp(`^ *${process} +[^Z]`, "m").test(all()), "the command to end");
        assert.ok(!module(folder).includes(WEAK));
    },
);

inWindow(
    "a fix that needs review says why, and is shown before it is made",
    () => verifyFolder("calls"),
    async (bench, folder) => {
        await bench.openFile("Thing.pm");
        await bench.status("app.pmat: 1 leak").waitFor();
        const row = await quickFix(bench, /Capture a weakened copy of \$self \(review: /);
        await bench.shot("review-fix");
        await row.click();
        await previewed(bench).waitFor();
        await bench.shot("review-preview");
        assert.equal(await bench.page.locator(".view-line", { hasText: "weak_self" }).count(), 0);
        await panel(bench).getByRole("button", { name: "Discard" }).click();
        assert.ok(!module(folder).includes(WEAK));
    },
);

inWindow(
    "in a folder that is not trusted no fix is verified",
    () => {
        const folder = verifyFolder("calls");
        execFileSync("mkdir", [path.join(folder, ".vscode")]);
        const evil = { "pmat.verifyCommand": `touch ${folder}/evil-was-here` };
        writeFileSync(path.join(folder, ".vscode/settings.json"), JSON.stringify(evil));
        return folder;
    },
    async (bench, folder) => {
        await bench.openFile("Thing.pm");
        await bench.status("Restricted Mode").waitFor();
        await bench.status("app.pmat: 1 leak").waitFor();
        await (await quickFix(bench, "Fix and verify…")).click();
        await bench.message("A command of an untrusted folder is not run.").waitFor();
        assert.ok(!existsSync(path.join(folder, "evil-was-here")));
    },
    { trust: false, settings: { "security.workspace.trust.startupPrompt": "never" } },
);

inWindow(
    "what only holds itself is a hint in its file, and a row of the Leaks view with how live code reaches it",
    () => programFolder("self_held_registry"),
    async (bench) => {
        await bench.openFile("self_held_registry.pl");
        await bench.status("self_held_registry.pmat.xz").waitFor();
        await bench.page.locator(".monaco-editor .squiggly-hint").first().waitFor();
        assert.equal(await bench.squiggles().count(), 0);
        await bench.page.locator(".activitybar [aria-label*='Perl leaks']").first().click();
        const row = bench.row(/^4 Session objects are kept alive only by themselves/);
        await row.waitFor();
        assert.match(await row.getAttribute("aria-label"), /bytes, self-held|KiB, self-held/);
        await row.locator(".codicon-info").waitFor();
        await bench.menu(row, "Go to Source");
        await bench.at(17);
        await row.click({ button: "right" });
        await bench.page.locator(".context-view .action-item:visible", { hasText: "Ignore" }).first().waitFor();
        const entries = await bench.page.locator(".context-view .action-item:visible").allTextContents();
        assert.ok(!entries.some((entry) => entry.includes("Fix and Verify")), entries.join(", "));
        await bench.shot("self-held");
        await bench.page.keyboard.press("Escape");
        // VS Code does not list hints.
        const problems = await bench.problems();
        const listed = problems.getByRole("treeitem", { name: /4 Session objects are kept alive only by themselves/ });
        assert.equal(await listed.count(), 0);
        await bench.settings({ "pmat.diagnostics.selfHeldSeverity": "information" }, (brief) =>
            listed.first().waitFor(brief),
        );
        await bench.shot("self-held-information");
    },
);
