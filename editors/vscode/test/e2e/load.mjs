// How the window feels while a large heap dump is read: `node load.mjs DUMP` prints a table. A measurement, not a test.
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { demoFolder, Workbench } from "./workbench.mjs";

const KEYS = 60;
const [dump] = process.argv.slice(2);
if (!dump) {
    throw new Error("usage: node load.mjs DUMP");
}

const folder = demoFolder();
const bench = await Workbench.open({ folder });
try {
    await bench.openFile("app.pl");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
    await bench.goTo(1);
    const before = { latency: await typing(), memory: extensionHost() };
    const copied = path.join(folder, "large.pmat");
    copyFileSync(dump, copied);
    await bench.status("large.pmat").waitFor();
    const during = { latency: await typing(), memory: extensionHost() };
    await bench.status(/large\.pmat: /).waitFor({ timeout: 120_000 });
    const after = { latency: await typing(), memory: extensionHost() };
    console.log("            median ms   95 % ms   extension host MiB");
    for (const [name, { latency, memory }] of Object.entries({ before, during, after })) {
        const figures = [latency.median.toFixed(1).padStart(10), latency.high.toFixed(1).padStart(9)];
        console.log(`${name.padEnd(10)} ${figures.join(" ")} ${memory.toFixed(0).padStart(20)}`);
    }
} finally {
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
}

/** Milliseconds from a key to its letter on the screen. */
async function typing() {
    const times = [];
    for (let key = 0; key < KEYS; key++) {
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
        await bench.page.keyboard.press(key % 2 ? "Backspace" : "x");
        times.push(await bench.page.evaluate(() => window.letter));
    }
    times.sort((a, b) => a - b);
    return { median: times[Math.floor(KEYS / 2)], high: times[Math.floor(KEYS * 0.95)] };
}

/** Resident memory of the extension host, in MiB. */
function extensionHost() {
    const pids = execFileSync("pgrep", ["-f", "type=extensionHost"], { encoding: "utf8" }).trim().split("\n");
    const sizes = pids.map((pid) => /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0");
    return Math.max(...sizes.map(Number)) / 1024;
}
