import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const settings = Object.keys(manifest.contributes.configuration.properties);
const page = (name: string): string => readFileSync(join(ROOT, "../../docs", name), "utf8");

test("the settings are those that the server understands, and where the server is", () => {
    const described = [...page("settings.md").matchAll(/^\| `(pmat\.[\w.]+)` \| (?!path or URI|\|)/gm)].map(
        (found) => found[1],
    );
    const ours = settings.filter((name) => !/^pmat\.(server|trace)\./.test(name));
    assert.deepEqual(ours.sort(), described.filter((name) => !COMMANDS.has(name)).sort());
});

const COMMANDS = new Set([...page("protocol.md").matchAll(/`(pmat\.\w+)`/g)].map((found) => found[1]));

test("every command of the palette is one of the extension or of the server", () => {
    const sources = readdirSync(join(ROOT, "src")).filter((name) => name.endsWith(".ts"));
    const code = sources.map((name) => readFileSync(join(ROOT, "src", name), "utf8")).join("\n");
    const registered = new Set([...code.matchAll(/registerCommand\(\s*"(pmat\.\w+)"/g)].map((found) => found[1]));
    for (const { command } of manifest.contributes.commands) {
        assert.ok(registered.has(command) !== COMMANDS.has(command), command);
    }
});

test("every setting is described in the README", () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    for (const name of settings.filter((setting) => !setting.startsWith("pmat.trace"))) {
        assert.ok(readme.includes(`\`${name}\``), name);
    }
});
