import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { findServer, type Surroundings } from "../../src/server";

const NOTHING = { path: "", interpreter: "" };

/** An environment with these programs on its PATH, each in a folder of its own. */
function withPrograms(...names: string[]): Surroundings {
    const folders = names.map((name) => {
        const folder = mkdtempSync(join(tmpdir(), "pmat-path-"));
        writeFileSync(join(folder, name), "#!/bin/sh\n");
        chmodSync(join(folder, name), 0o755);
        return folder;
    });
    return { env: { PATH: folders.join(delimiter) }, platform: "linux" };
}

test("the setting of the program goes before everything", () => {
    const found = findServer({ path: "/opt/pmat-lsp", interpreter: "/usr/bin/python3" }, withPrograms("pmat-lsp"));
    assert.equal(found?.command, "/opt/pmat-lsp");
    assert.deepEqual(found?.args, ["serve"]);
});

test("the setting of the interpreter goes before the PATH", () => {
    const found = findServer({ path: "", interpreter: "/usr/bin/python3" }, withPrograms("pmat-lsp"));
    assert.deepEqual([found?.command, ...(found?.args ?? [])], ["/usr/bin/python3", "-m", "pmat_lsp", "serve"]);
});

test("pmat-lsp on the PATH goes before the runners, whatever their order there", () => {
    assert.match(findServer(NOTHING, withPrograms("pipx", "uvx", "pmat-lsp"))?.command ?? "", /\/pmat-lsp$/);
});

test("a runner fetches it where it is not on the PATH", () => {
    assert.deepEqual(findServer(NOTHING, withPrograms("uvx"))?.args, ["pmat-lsp", "serve"]);
    assert.deepEqual(findServer(NOTHING, withPrograms("pipx"))?.args, ["run", "pmat-lsp", "serve"]);
});

test("a file that cannot be run and a folder are no programs", () => {
    const around = withPrograms("pmat-lsp");
    chmodSync(join(around.env.PATH ?? "", "pmat-lsp"), 0o644);
    assert.equal(process.getuid?.() === 0 ? null : findServer(NOTHING, around), null);
    assert.equal(findServer(NOTHING, { env: { PATH: "" }, platform: "linux" }), null);
    assert.equal(findServer(NOTHING, { env: {}, platform: "linux" }), null);
});
