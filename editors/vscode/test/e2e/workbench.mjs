// The real workbench of VS Code, in headless Chromium, driven as a user drives it.
import { spawn } from "node:child_process";
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
const PATIENCE = { start: 60_000, step: 30_000 };
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
};

/** The server of the checkout. */
export const SERVER = process.env.PMAT_SERVER ?? path.join(ROOT, ".venv/bin/pmat-lsp");

/** A window of VS Code with the extension, in a fresh profile. */
export class Workbench {
    /**
     * Open a folder.
     *
     * @param {{folder: string, settings?: object, env?: object}} options
     */
    static async open({ folder, settings = {}, env = {} }) {
        const profile = mkdtempSync(path.join(tmpdir(), "pmat-vscode-"));
        const all = JSON.stringify({ ...QUIET, "pmat.server.path": SERVER, ...settings });
        // A server's settings that belong to a machine are not taken from the user's.
        for (const place of ["data/User", "data/Machine"]) {
            mkdirSync(path.join(profile, place), { recursive: true });
            writeFileSync(path.join(profile, place, "settings.json"), all);
        }
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
                "--disable-workspace-trust",
            ],
            { env: around, stdio: "ignore", detached: true },
        );
        const url = `http://127.0.0.1:${port}`;
        await until(async () => (await fetch(`${url}/healthz`)).ok, PATIENCE.start);
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
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
        page.setDefaultTimeout(PATIENCE.step);
        const bench = new Workbench(profile, server, browser, page);
        try {
            await page.goto(`${url}/?folder=${encodeURIComponent(folder)}`);
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

    /** Save a picture of the window. */
    async shot(name) {
        mkdirSync(SHOTS, { recursive: true });
        await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
    }

    /** Run a command from the palette, by its title. */
    async command(title) {
        await this.page.keyboard.press("F1");
        const box = this.page.locator(".quick-input-widget:visible input").first();
        await box.waitFor();
        await box.fill(`>${title}`);
        await this.page.locator(".quick-input-list .monaco-list-row").filter({ hasText: title }).first().click();
    }

    /** Open a file of the folder by its name. */
    async openFile(name) {
        await this.page.keyboard.press("Control+P");
        const box = this.page.locator(".quick-input-widget:visible input").first();
        await box.waitFor();
        await box.fill(name);
        await this.page
            .locator(".quick-input-list .monaco-list-row")
            .filter({ hasText: path.basename(name) })
            .first()
            .click();
        await this.page.locator(".monaco-editor .view-line").first().waitFor();
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

    /** The squiggles in the active editor. */
    squiggles(severity = "warning") {
        return this.page.locator(`.monaco-editor .squiggly-${severity}`);
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

    /** The rows of the Problems panel. */
    async problems() {
        await this.command("Problems: Focus on Problems View");
        return this.page.locator(".markers-panel");
    }

    /** The frame inside a web view. */
    webview() {
        return this.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
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

async function until(holds, patience) {
    const end = Date.now() + patience;
    while (Date.now() < end) {
        if (await holds().catch(() => false)) {
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error("the workbench did not come up");
}

/**
 * What makes the steps of a story: tests in one window, each of which leaves a picture where it fails.
 *
 * @param {() => Workbench} window that they share; asked when a step runs.
 * @param {(bench: Workbench) => Promise<void>} tidy is done after each step.
 */
export function stepsIn(window, tidy = async () => undefined) {
    return (name, run) =>
        test(name, async () => {
            try {
                await run();
            } catch (error) {
                await window().shot(`failed ${name}`);
                throw error;
            } finally {
                await tidy(window());
            }
        });
}
