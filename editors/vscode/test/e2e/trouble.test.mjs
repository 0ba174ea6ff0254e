// What a user sees when something is wrong: no server, a server that dies, a damaged dump.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
    chmodSync,
    copyFileSync,
    existsSync,
    mkdirSync,
    readFileSync,
    rmSync,
    truncateSync,
    writeFileSync,
} from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { demoFolder, SERVER, Workbench } from "./workbench.mjs";

const COMMAND = "command:noop";
/** What VS Code would make a link of, with the length of `Courier::Connection`. */
const LIKE_A_LINK = `[Fix](${COMMAND})`;

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
    "the name of a dump is no link in messages, and no command that a click runs",
    slowly,
    async (bench, folder) => {
        await bench.openFile("HTTP.pm");
        await bench.status("courier.pmat.xz: 1 leak").waitFor();
        writeFileSync(path.join(folder, `${LIKE_A_LINK}.pmat`), "PMAT");
        const message = bench.message("truncated");
        await message.getByRole("button", { name: "Show Log" }).waitFor();
        await bench.shot("dump-named-like-a-link");
        assert.ok((await message.textContent()).includes(`${LIKE_A_LINK.replace("](", "] (")}.pmat`));
        assert.equal(await linksIn(message), 0);

        rmSync(path.join(folder, "go"));
        copyFileSync(path.join(folder, "courier.pmat.xz"), path.join(folder, `${LIKE_A_LINK}.pmat.xz`));
        await bench.page
            .locator(".statusbar-item", { hasText: `${LIKE_A_LINK}.pmat.xz` })
            .first()
            .click();
        const progress = bench.message("Heap dump");
        await progress.getByRole("button", { name: "Cancel" }).waitFor();
        assert.ok((await progress.textContent()).includes(`Heap dump ${LIKE_A_LINK.replace("](", "] (")}.pmat.xz`));
        assert.equal(await linksIn(progress), 0);
    },
);

inWindow(
    "the name of a class is no link in a hover",
    (folder) => {
        const dump = path.join(folder, "courier.pmat");
        execFileSync("xz", ["-d", `${dump}.xz`]);
        const heap = readFileSync(dump, "latin1");
        assert.equal(LIKE_A_LINK.length, "Courier::Connection".length);
        writeFileSync(dump, heap.replaceAll("Courier::Connection", LIKE_A_LINK), "latin1");
    },
    async (bench) => {
        await bench.openFile("HTTP.pm");
        await bench.status("courier.pmat: 1 leak").waitFor();
        await bench.goTo(79);
        const text = await bench.hoverSquiggle("leads back to this sub");
        await bench.shot("class-named-like-a-link");
        assert.ok(text.includes(LIKE_A_LINK));
        const links = await bench.page
            .locator(".monaco-hover:visible a")
            .evaluateAll((all) => all.map((one) => `${one.dataset.href ?? one.href} ${one.textContent}`));
        assert.deepEqual(
            links.filter((link) => link.includes(COMMAND)),
            [],
        );
    },
);

inWindow(
    "while a dump is read, the status bar says so, and a click there leads to its button to cancel",
    slowly,
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

/** Dumps are read only while there is a file `go`. */
function slowly(folder) {
    writeFileSync(path.join(folder, "go"), "");
    writeFileSync(path.join(folder, "sitecustomize.py"), SLOW);
    return { env: { PYTHONPATH: folder, PMAT_TEST_GO: path.join(folder, "go") } };
}

/** How many links a message has, whose text it is as well. */
function linksIn(message) {
    return message.locator(".notification-list-item-message a").count();
}

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
