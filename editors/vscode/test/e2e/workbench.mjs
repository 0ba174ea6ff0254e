// The real workbench of VS Code, in headless Chromium, driven as a user drives it.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const EXTENSION = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** The checkout. */
export const ROOT = path.resolve(EXTENSION, "../..");
const BUILD = path.join(EXTENSION, "build/workbench");
const SHOTS = process.env.PMAT_SHOTS ?? path.join(EXTENSION, "build/shots");
const CODE_SERVER = path.join(BUILD, "code-server/node_modules/code-server");
const NODE = path.join(BUILD, "bin/node");
const { chromium } = createRequire(path.join(BUILD, "tools/package.json"))("playwright-core");

/** Milliseconds that starting, and anything else, may take. */
const PATIENCE = { start: 60_000, step: Number(process.env.PMAT_PATIENCE ?? 30_000) };
const QUIET = {
    "files.autoSave": "off",
    "files.hotExit": "off",
    "workbench.startupEditor": "none",
    "workbench.reduceMotion": "on",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.tips.enabled": false,
    "chat.disableAIFeatures": true,
    "telemetry.telemetryLevel": "off",
    "extensions.autoCheckUpdates": false,
    "extensions.autoUpdate": false,
    "extensions.ignoreRecommendations": true,
    "window.commandCenter": false,
    // Drawn as elements, so that what a terminal says can be read.
    "terminal.integrated.gpuAcceleration": "off",
};

/** The server of the checkout. */
export const SERVER = process.env.PMAT_SERVER ?? path.join(ROOT, ".venv/bin/pmat-lsp");

/** A window of VS Code with the extension, in a fresh profile. */
export class Workbench {
    /**
     * Open a folder, or, without one, an empty window.
     *
     * @param {{folder?: string, settings?: object, env?: object, trust?: boolean}} options `trust`: nothing asks whether
     *     the folder is trusted; else that is asked for, as it is by default.
     */
    static async open({ folder = "", settings = {}, env = {}, trust = true }) {
        const profile = mkdtempSync(path.join(tmpdir(), "pmat-vscode-"));
        writeSettings(profile, settings);
        const around = {
            ...process.env,
            XDG_CONFIG_HOME: path.join(profile, "xdg"),
            XDG_DATA_HOME: path.join(profile, "xdg"),
            XDG_CACHE_HOME: path.join(profile, "xdg"),
            XDG_STATE_HOME: path.join(profile, "xdg"),
            ...env,
        };
        const port = await freePort();
        const places = ["--config", path.join(profile, "config.yaml"), "--user-data-dir", path.join(profile, "data")];
        const args = [
            path.join(CODE_SERVER, "out/node/entry.js"),
            ...places,
            "--extensions-dir",
            path.join(profile, "extensions"),
        ];
        await done(spawn(NODE, [...args, "--install-extension", vsix()], { env: around }));
        const server = spawn(
            NODE,
            [
                ...args,
                "--bind-addr",
                `127.0.0.1:${port}`,
                "--auth",
                "none",
                "--disable-telemetry",
                "--disable-update-check",
                ...(trust ? ["--disable-workspace-trust"] : []),
            ],
            { env: around, stdio: "ignore", detached: true },
        );
        const url = `http://127.0.0.1:${port}`;
        await until(async () => (await fetch(`${url}/healthz`)).ok, PATIENCE.start, "the workbench");
        const browser = await chromium.launch({
            executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
            args: [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        });
        const context = await browser.newContext({
            viewport: { width: 1280, height: 800 },
            permissions: ["clipboard-read", "clipboard-write"],
        });
        context.setDefaultTimeout(PATIENCE.step);
        const page = await context.newPage();
        const bench = new Workbench(profile, server, browser, page);
        try {
            await page.goto(folder ? `${url}/?folder=${encodeURIComponent(folder)}` : `${url}/?ew=true`);
            await page.locator(".monaco-workbench").waitFor({ timeout: PATIENCE.start });
        } catch (error) {
            await bench.close();
            throw error;
        }
        return bench;
    }

    constructor(profile, server, browser, page) {
        this.profile = profile;
        this.server = server;
        this.browser = browser;
        /** The page, for what has no method here. */
        this.page = page;
    }

    /** Close everything, and leave nothing behind. */
    async close() {
        await this.browser.close();
        try {
            process.kill(-this.server.pid, "SIGKILL");
        } catch {
            // It has ended by itself.
        }
        rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }

    /**
     * Change settings, again where the window has not heard of it: its watcher of files misses a change now and then.
     * Those of the start that are not named are as they were.
     *
     * @param seen waits, as long as it is told, for what the settings change.
     */
    async settings(settings, seen) {
        await this.until(async () => {
            writeSettings(this.profile, settings);
            await seen({ timeout: 5_000 });
            return true;
        }, "what the settings change");
    }

    /** Save a picture of the window. */
    async shot(name) {
        mkdirSync(SHOTS, { recursive: true });
        await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
    }

    /** Run a command from the palette, by its title. */
    async command(title) {
        await this.pick("F1", `>${title}`, title);
    }

    /** Open the box that a key opens, type, and choose a row; again where a page took the focus from the box, or it came too early. */
    async pick(key, typed, chosen) {
        const box = this.page.locator(".quick-input-widget:visible input").first();
        const row = this.page.locator(".quick-input-list .monaco-list-row", { hasText: chosen }).first();
        const choose = async () => {
            await this.page.keyboard.press(key);
            await box.fill(typed, { timeout: 3_000 });
            await row.click({ timeout: 3_000 });
            return true;
        };
        const giveUp = () => this.page.keyboard.press("Escape").then(() => false);
        await this.until(() => choose().catch(giveUp), `${chosen} in the box of ${key}`);
    }

    /** Wait for a box with a title, and choose the row with a text. */
    async choose(title, text) {
        await this.page.locator(".quick-input-widget:visible", { hasText: title }).first().waitFor();
        await this.page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first().click();
    }

    /** Wait for a box with a title, type into it, and go on. */
    async fill(title, text) {
        await this.page.locator(".quick-input-widget:visible", { hasText: title }).first().waitFor();
        await this.page.locator(".quick-input-widget:visible input.input").first().fill(text);
        await this.page.keyboard.press("Enter");
    }

    /** Wait for a box with a title, and tick a row of it. */
    async tick(title, text) {
        await this.choose(title, text);
        await this.page.keyboard.press("Enter");
    }

    /** Choose from the context menu of a row. */
    async menu(row, text) {
        await row.click({ button: "right" });
        const item = this.page.locator(".context-view .action-item:visible", { hasText: text }).first();
        await item.waitFor();
        // A menu that has just opened takes no click, lest the one that opened it chooses.
        await this.until(async () => {
            await item.click({ timeout: 1_000 }).catch(() => undefined);
            return !(await item.isVisible());
        }, `the menu to take ${text}`);
    }

    /** What the terminal in front says. */
    terminal() {
        return this.page.locator(".terminal-wrapper.active .xterm-rows").first();
    }

    /** The rows of the views with a text. */
    row(name) {
        return this.page.locator(".pane-body").getByRole("treeitem", { name }).first();
    }

    /** Press the key of the next or the previous hop; what the status bar says of the hop then. */
    async walk(key) {
        const said = this.page.locator(".statusbar-item", { hasText: /^hop \d+ of / });
        const before = (await said.count()) ? await said.first().textContent() : "";
        await this.page.keyboard.press(key);
        await this.until(async () => (await said.first().textContent()) !== before, `a step by ${key}`);
        return said.first().textContent();
    }

    /** Wait until something holds. */
    until(holds, what) {
        return until(holds, PATIENCE.step, what);
    }

    /** What is in the clipboard. */
    clipboard() {
        return this.page.evaluate(() => navigator.clipboard.readText());
    }

    /** Open a file of the folder by its name; again where the window was still closing other editors, and closed this one too. */
    async openFile(name) {
        await this.until(async () => {
            await this.pick("Control+P", name, path.basename(name));
            await this.page.locator(".monaco-editor .view-line").first().waitFor({ timeout: 5_000 });
            return true;
        }, `${name} in an editor`);
    }

    /** Go to a line and column, from 1. */
    async goTo(line, column = 1) {
        await this.page.keyboard.press("Control+G");
        const box = this.page.locator(".quick-input-widget:visible input").first();
        await box.waitFor();
        await box.fill(`:${line}:${column}`);
        await this.page.keyboard.press("Enter");
        await this.at(line);
    }

    /** Wait until the cursor is on a line, from 1. */
    async at(line) {
        const position = this.page.locator("#status\\.editor\\.selection");
        await position.filter({ hasText: new RegExp(`Ln ${line}\\b`) }).waitFor();
    }

    /** Where the cursor is: `Ln 3, Col 5`. */
    async position() {
        return (await this.page.locator("#status\\.editor\\.selection").first().textContent()).trim();
    }

    /** The item of the status bar with a text. */
    status(text) {
        return this.page.locator(".statusbar-item", { hasText: text }).first();
    }

    /** The message that VS Code shows at the bottom right. */
    message(text) {
        return this.page.locator(".notification-toast, .notifications-list-container", { hasText: text }).first();
    }

    /** The name of the file in the active editor. */
    async activeTab() {
        return (await this.page.locator(".tab.active .label-name").first().textContent()).trim();
    }

    /** The warnings in the active editor. */
    squiggles() {
        return this.page.locator(".monaco-editor .squiggly-warning");
    }

    /** The text of the hover at the first squiggle. */
    async hoverSquiggle(text) {
        const squiggle = this.squiggles().first();
        const hover = this.page.locator(".monaco-hover:visible", { hasText: text }).first();
        // The squiggle is replaced whenever the editor lays itself out anew: ask until it holds still.
        for (let tries = 10; tries; tries--) {
            const box = await squiggle.boundingBox();
            if (box) {
                await this.page.mouse.move(box.x + 4, box.y + 40);
                await this.page.mouse.move(box.x + 8, box.y + box.height / 2, { steps: 4 });
                if (
                    await hover.waitFor({ timeout: 3_000 }).then(
                        () => true,
                        () => false,
                    )
                ) {
                    await this.page.waitForTimeout(300); // it fades in
                    return hover.textContent();
                }
            }
        }
        throw new Error("no hover");
    }

    /** Scroll the hover until the part that begins with a text is at its top. */
    async scrollHover(text) {
        const hover = this.page.locator(".monaco-hover:visible").first();
        await hover.hover();
        const part = hover.locator(".hover-row", { hasText: text }).last();
        // A turn of the wheel goes as far as VS Code likes, and it glides.
        for (let turns = 20, before = Number.NaN; turns; turns--) {
            const [whole, below] = [await hover.boundingBox(), await part.boundingBox()];
            const rest = below.y - whole.y;
            if (rest < 4 || rest === before) {
                return;
            }
            before = rest;
            await this.page.mouse.wheel(0, rest);
            await this.page.waitForTimeout(300);
        }
    }

    /** The rows of the Problems panel. */
    async problems() {
        await this.command("Problems: Focus on Problems View");
        return this.page.locator(".markers-panel");
    }

    /** The page that is seen in a web view; of several that which came last. */
    webview() {
        return this.page
            .locator("iframe.webview.ready:visible")
            .last()
            .contentFrame()
            .frameLocator("iframe#active-frame");
    }

    /** Process ids of the language servers of this window: they are below its code-server. */
    servers() {
        return this.processes()
            .filter(({ args }) => /pmat-lsp serve/.test(args))
            .map(({ pid }) => pid);
    }

    /** The processes below this window's code-server. */
    processes() {
        const all = execFileSync("ps", ["-eo", "pid,ppid,args"], { encoding: "utf8" }).split("\n").slice(1);
        const rows = all
            .map((line) => line.trim().split(/\s+/))
            .map(([pid, parent, ...args]) => ({ pid: +pid, parent: +parent, args: args.join(" ") }));
        const below = new Set([this.server.pid]);
        for (const row of rows.sort((a, b) => a.pid - b.pid)) {
            if (below.has(row.parent)) {
                below.add(row.pid);
            }
        }
        return rows.filter(({ pid }) => below.has(pid));
    }
}

/** A copy of the demo program with its dump, in a folder that the caller removes. */
export function demoFolder() {
    const folder = mkdtempSync(path.join(tmpdir(), "pmat-demo-"));
    const demo = path.join(ROOT, "pmat_lsp/demo");
    cpSync(path.join(demo, "program"), folder, { recursive: true });
    cpSync(path.join(demo, "courier.pmat.xz"), path.join(folder, "courier.pmat.xz"));
    return folder;
}

/** One of the small programs of the tests with its dump, in a folder that the caller removes. */
export function programFolder(name) {
    const folder = mkdtempSync(path.join(tmpdir(), "pmat-program-"));
    cpSync(path.join(ROOT, `tests/programs/${name}.pl`), path.join(folder, `${name}.pl`));
    cpSync(path.join(ROOT, `tests/data/${name}.pmat.xz`), path.join(folder, `${name}.pmat.xz`));
    return folder;
}

function vsix() {
    const file = path.join(EXTENSION, "pmat.vsix");
    if (!existsSync(file)) {
        throw new Error(`${file} is missing: make test-vscode makes it`);
    }
    return file;
}

async function freePort() {
    const server = createServer();
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

async function done(child) {
    let said = "";
    child.stdout?.on("data", (data) => {
        said += data;
    });
    child.stderr?.on("data", (data) => {
        said += data;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    if (code) {
        throw new Error(said);
    }
}

function writeSettings(profile, settings) {
    const all = JSON.stringify({ ...QUIET, "pmat.server.path": SERVER, ...settings });
    // A server's settings that belong to a machine are not taken from the user's.
    for (const place of ["data/User", "data/Machine"]) {
        mkdirSync(path.join(profile, place), { recursive: true });
        writeFileSync(path.join(profile, place, "settings.json"), all);
    }
}

/** Wait until something holds; what throws does not. */
async function until(holds, patience, what) {
    const end = Date.now() + patience;
    while (Date.now() < end) {
        if (
            await Promise.resolve()
                .then(holds)
                .catch(() => false)
        ) {
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`waited in vain for ${what}`);
}

/**
 * What makes the steps of a story: tests in one window, each of which leaves a picture where it fails.
 *
 * @param {() => Workbench} window that they share; asked when a step runs.
 * @param {(bench: Workbench) => Promise<void>} tidy is done after each step.
 */
export function stepsIn(window, tidy = async () => undefined) {
    let failed = false;
    return (name, run) =>
        test(name, async (context) => {
            if (failed) {
                return context.skip("a step before it failed");
            }
            try {
                await run();
            } catch (error) {
                failed = true;
                await window().shot(`failed ${name}`);
                throw error;
            } finally {
                await tidy(window());
            }
        });
}
