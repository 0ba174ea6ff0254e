// What a user sees when something is wrong: no server, a server that dies, a damaged dump.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { demoFolder, SERVER, Workbench } from "./workbench.mjs";

/** A test with a window of its own. */
function inWindow(name, prepare, run) {
    test(name, async () => {
        const folder = demoFolder();
        const options = prepare(folder) ?? {};
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

inWindow(
    "without a server one message says what to do, with a button; then settings say where it is",
    () => ({ settings: { "pmat.server.path": "" }, env: { PATH: "/usr/bin:/bin" } }),
    async (bench) => {
        await bench.openFile("HTTP.pm");
        const message = bench.message("is not installed");
        await message.waitFor();
        await bench.status("pmat").waitFor();
        await bench.shot("server-missing");
        await message.getByRole("button", { name: "How to Install It" }).click();
        await bench.page.locator(".quick-input-list .monaco-list-row", { hasText: "pipx install" }).first().waitFor();
        await bench.page.keyboard.press("Escape");
        await bench.settings({ "pmat.server.path": "/nowhere/pmat-lsp" }, async (brief) => {
            await bench.command("pmat: Restart the Server");
            await bench.message("did not start").waitFor(brief);
        });
        await bench.shot("server-not-started");
        const interpreter = path.join(path.dirname(SERVER), "python");
        await bench.settings({ "pmat.server.path": "", "pmat.server.interpreter": interpreter }, (brief) =>
            bench.status("courier.pmat.xz: 1 leak").waitFor(brief),
        );
    },
);

inWindow(
    "a server that is killed comes back twice, and then stays off with a message",
    () => undefined,
    async (bench) => {
        await bench.openFile("HTTP.pm");
        await bench.status("courier.pmat.xz: 1 leak").waitFor();
        for (let times = 0; times < 2; times++) {
            killServers(bench);
            await bench
                .status("courier.pmat.xz: 1 leak")
                .waitFor({ state: "detached" })
                .catch(() => undefined);
            await bench.status("courier.pmat.xz: 1 leak").waitFor();
        }
        killServers(bench);
        await bench.message("has ended 3 times").waitFor();
        await bench.shot("server-crashed");
        await bench.message("has ended 3 times").getByRole("button", { name: "Restart" }).click();
        await bench.status("courier.pmat.xz: 1 leak").waitFor();
    },
);

inWindow(
    "a damaged dump is told about, and the last good one stays",
    () => undefined,
    async (bench, folder) => {
        await bench.openFile("HTTP.pm");
        await bench.status("courier.pmat.xz: 1 leak").waitFor();
        const broken = path.join(folder, "broken.pmat");
        writeFileSync(
            broken,
            execFileSync("xz", ["-dc", path.join(folder, "courier.pmat.xz")], { maxBuffer: 1 << 28 }),
        );
        truncateSync(broken, 100_000);
        await bench.status("broken.pmat").waitFor();
        const message = bench.message("truncated");
        await message.getByRole("button", { name: "Show Log" }).waitFor();
        await bench.shot("dump-damaged");
        assert.ok((await (await bench.problems()).getByRole("treeitem", { name: /Leaked closure/ }).count()) > 0);
    },
);

inWindow(
    "the name of a damaged dump is no link in its message, and no command that a click runs",
    () => undefined,
    async (bench, folder) => {
        await bench.openFile("HTTP.pm");
        await bench.status("courier.pmat.xz: 1 leak").waitFor();
        writeFileSync(path.join(folder, "[Fix](command:workbench.view.search).pmat"), "PMAT");
        const message = bench.message("truncated");
        await message.getByRole("button", { name: "Show Log" }).waitFor();
        await bench.shot("dump-named-like-a-link");
        assert.match(await message.textContent(), /\[Fix\] \(command:workbench\.view\.search\)\.pmat/);
        assert.equal(await message.locator(".notification-list-item-message a").count(), 0);
    },
);

inWindow(
    "while a dump is read, the status bar says so, and a click there leads to its button to cancel",
    (folder) => {
        writeFileSync(path.join(folder, "go"), "");
        writeFileSync(path.join(folder, "sitecustomize.py"), SLOW);
        return { env: { PYTHONPATH: folder, PMAT_TEST_GO: path.join(folder, "go") } };
    },
    async (bench, folder) => {
        await bench.openFile("HTTP.pm");
        await bench.status("courier.pmat.xz: 1 leak").waitFor();
        rmSync(path.join(folder, "go"));
        copyFileSync(path.join(folder, "courier.pmat.xz"), path.join(folder, "second.pmat.xz"));
        const status = bench.page.locator(".statusbar-item", { hasText: /^\s*second\.pmat\.xz$/ });
        await status.locator(".codicon-loading").waitFor();
        await status.click();
        const message = bench.message("Heap dump second.pmat.xz");
        await message.waitFor();
        await bench.shot("loading");
        await message.getByRole("button", { name: "Cancel" }).click();
        await bench.status("courier.pmat.xz: 1 leak").waitFor();
        await message.waitFor({ state: "detached" });
        await bench.until(() => !readers(bench).length, "the end of the process that reads the dump");
    },
);

inWindow(
    "in a folder that is not trusted its settings do not say what is started, and the rest works",
    (folder) => {
        const evil = path.join(folder, "evil");
        writeFileSync(evil, `#!/bin/sh\ntouch '${evil}-was-here'\n`);
        chmodSync(evil, 0o755);
        mkdirSync(path.join(folder, ".vscode"));
        writeFileSync(path.join(folder, ".vscode/settings.json"), JSON.stringify({ "pmat.server.path": evil }));
        return { trust: false, settings: { "security.workspace.trust.startupPrompt": "never" } };
    },
    async (bench, folder) => {
        await bench.openFile("HTTP.pm");
        await bench.status("Restricted Mode").waitFor();
        await bench.status("courier.pmat.xz: 1 leak").waitFor();
        await bench.shot("untrusted");
        assert.ok(!existsSync(path.join(folder, "evil-was-here")));
    },
);

/** For the server's Python: the process that reads a dump waits until it may go on, as it does on a slow disk. */
const SLOW = `
import os, sys, time
if "pmat_lsp.heap.indexer" in sys.orig_argv:
    while not os.path.exists(os.environ["PMAT_TEST_GO"]):
        time.sleep(0.05)
`;

/** The processes of one window that read a dump. */
function readers(bench) {
    return bench.processes().filter(({ args }) => args.includes("pmat_lsp.heap.indexer"));
}

/** Kill the language servers of one window. */
function killServers(bench) {
    const servers = bench.servers();
    assert.ok(servers.length > 0, "no server runs");
    for (const pid of servers) {
        process.kill(pid, "SIGKILL");
    }
}
