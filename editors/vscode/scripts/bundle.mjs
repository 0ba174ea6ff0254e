// Bundles the extension and its web pages into dist/, and, with --tests, the tests into dist-test/.
import { cpSync, rmSync } from "node:fs";
import { build } from "esbuild";

const production = process.argv.includes("--production");
const common = { bundle: true, minify: production, sourcemap: production ? false : "linked", logLevel: "warning" };

rmSync("dist", { recursive: true, force: true });
await build({
    ...common,
    entryPoints: ["src/extension.ts"],
    outdir: "dist",
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode"],
    // Of packages that have both, the module form: the other one hides require() from the bundler.
    mainFields: ["module", "main"],
});
await build({
    ...common,
    entryPoints: ["overview", "picture", "report"].map((page) => `src/webview/${page}.ts`),
    outdir: "dist",
    platform: "browser",
    format: "iife",
    target: "es2022",
});
cpSync("../../pmat_lsp/demo/program", "dist/demo", { recursive: true });
cpSync("../../pmat_lsp/demo/courier.pmat.xz", "dist/demo/courier.pmat.xz");
if (process.argv.includes("--tests")) {
    rmSync("dist-test", { recursive: true, force: true });
    await build({
        ...common,
        entryPoints: ["test/unit/*.test.ts"],
        outdir: "dist-test",
        outExtension: { ".js": ".mjs" },
        platform: "node",
        format: "esm",
        target: "node20",
    });
}
