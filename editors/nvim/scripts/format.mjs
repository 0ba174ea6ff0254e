// Formats all Lua of the plugin by StyLua as .stylua.toml says; with --check it only tells what is not formatted.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as stylua from "@johnnymorganz/stylua";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const settings = [...readFileSync(join(root, ".stylua.toml"), "utf8").matchAll(/^(\w+) = (?:"(\w+)"|(\d+))$/gm)];
const enumerations = { indent_type: stylua.IndentType, quote_style: stylua.QuoteStyle };

// Each call consumes its configuration.
function config() {
  const made = stylua.Config.new();
  for (const [, name, word, number] of settings) {
    made[name] = word ? enumerations[name][word] : Number(number);
  }
  return made;
}

const check = process.argv.includes("--check");
for (const folder of ["plugin", "lsp", "lua"]) {
  for (const name of readdirSync(join(root, folder), { recursive: true })) {
    const path = join(root, folder, name);
    if (!path.endsWith(".lua")) {
      continue;
    }
    const text = readFileSync(path, "utf8");
    const formatted = stylua.formatCode(text, config(), undefined, stylua.OutputVerification.Full);
    if (formatted === text) {
      continue;
    }
    console.log(`${check ? "not formatted" : "formatted"}: ${join(folder, name)}`);
    if (check) {
      process.exitCode = 1;
    } else {
      writeFileSync(path, formatted);
    }
  }
}
