// How the window feels while a large heap dump is read: `node load.mjs DUMP [ROUNDS]`. A measurement, not a test.
// Each round types twice before a dump is read, and while it is read: how far the first two differ is noise.
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { demoFolder, Workbench } from "./workbench.mjs";

const KEYS = 60;
const [dump, rounds = "5"] = process.argv.slice(2);
if (!dump) {
    throw new Error("usage: node load.mjs DUMP [ROUNDS]");
}

const folder = demoFolder();
const bench = await Workbench.open({ folder });
const times = { before: [], "before, again": [], during: [] };
const memory = { before: 0, during: 0, after: 0 };
try {
    await bench.openFile("app.pl");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
    await bench.goTo(1);
    await typing((keys) => keys < KEYS);
    memory.before = extensionHost();
    for (let round = 1; round <= Number(rounds); round++) {
        times.before.push(...(await typing((keys) => keys < KEYS)));
        times["before, again"].push(...(await typing((keys) => keys < KEYS)));
        const copied = path.join(folder, `large-${round}.pmat`);
        copyFileSync(dump, copied);
        await bench.status(path.basename(copied)).waitFor();
        const ready = bench.status(new RegExp(`large-${round}\\.pmat: (no|\\d+) leak`));
        times.during.push(...(await typing(async () => !(await ready.count()))));
        memory.during = Math.max(memory.during, extensionHost());
        await ready.waitFor({ timeout: 120_000 });
        memory.after = Math.max(memory.after, extensionHost());
        rmSync(copied);
    }
    console.log("                 keys  median ms   95 % ms");
    for (const [name, all] of Object.entries(times)) {
        all.sort((a, b) => a - b);
        const at = (part) => all[Math.floor(all.length * part)].toFixed(1);
        console.log(
            `${name.padEnd(15)} ${String(all.length).padStart(5)} ${at(0.5).padStart(10)} ${at(0.95).padStart(9)}`,
        );
    }
    const told = Object.entries(memory).map(([name, size]) => `${name} ${size.toFixed(0)}`);
    console.log(`extension host, MiB: ${told.join(", ")} (the most of all rounds)`);
} finally {
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
}

/** Milliseconds from a key to its letter on the screen, of keys that are pressed as long as `goes` says. */
async function typing(goes) {
    const found = [];
    while (await goes(found.length)) {
        await bench.page.evaluate(() => {
            const lines = document.querySelector(".monaco-editor .view-lines");
            window.letter = new Promise((resolve) => {
                let begun = 0;
                window.addEventListener(
                    "keydown",
                    () => {
                        begun = performance.now();
                    },
                    { capture: true, once: true },
                );
                const observer = new MutationObserver(() => {
                    observer.disconnect();
                    requestAnimationFrame(() => resolve(performance.now() - begun));
                });
                observer.observe(lines, { childList: true, subtree: true, characterData: true });
            });
        });
        await bench.page.keyboard.press(found.length % 2 ? "Backspace" : "x");
        found.push(await bench.page.evaluate(() => window.letter));
    }
    return found;
}

/** Resident memory of this window's extension host, in MiB. */
function extensionHost() {
    const sizes = bench
        .processes()
        .filter(({ args }) => args.includes("type=extensionHost"))
        .map(({ pid }) => /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0");
    return Math.max(...sizes.map(Number)) / 1024;
}
