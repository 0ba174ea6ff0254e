// What a user sees when something is wrong: no server, a server that dies, a damaged dump.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { demoFolder, Workbench } from "./workbench.mjs";

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
    "without a server one message says what to do, with a button",
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
    },
);

inWindow(
    "a server that cannot be started is told about",
    () => ({ settings: { "pmat.server.path": "/nowhere/pmat-lsp" } }),
    async (bench) => {
        await bench.openFile("HTTP.pm");
        await bench.message("did not start").waitFor();
        await bench.shot("server-not-started");
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
        await bench.message("truncated").waitFor();
        await bench.shot("dump-damaged");
        assert.ok((await (await bench.problems()).getByRole("treeitem", { name: /Leaked closure/ }).count()) > 0);
    },
);

/** Kill the language servers of one window. */
function killServers(bench) {
    const servers = bench.servers();
    assert.ok(servers.length > 0, "no server runs");
    for (const pid of servers) {
        process.kill(pid, "SIGKILL");
    }
}
