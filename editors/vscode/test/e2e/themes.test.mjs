// What is drawn can be read in light, dark and high contrast, and reached by the keyboard.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before } from "node:test";
import { demoFolder, stepsIn, Workbench } from "./workbench.mjs";

/** The name of each theme, and the class that the window has then. */
const THEMES = {
    light: ["Default Light Modern", "vs"],
    dark: ["Default Dark Modern", "vs-dark"],
    "high-contrast": ["Default High Contrast", "hc-black"],
    "high-contrast-light": ["Default High Contrast Light", "hc-light"],
};
/** The class that a page has then. */
const PAGE_KINDS = {
    vs: "vscode-light",
    "vs-dark": "vscode-dark",
    "hc-black": "vscode-high-contrast:not(.vscode-high-contrast-light)",
    "hc-light": "vscode-high-contrast-light",
};
/** Of a text to what is behind it: WCAG 2.2, 1.4.3. */
const LEAST_CONTRAST = 4.5;

let bench;
let folder;

before(async () => {
    folder = demoFolder();
    bench = await Workbench.open({ folder });
    await bench.openFile("HTTP.pm");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
    await bench.page.locator(".activitybar [aria-label*='Perl leaks']").first().click();
    await bench.row(/can never be freed/).waitFor();
});

after(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
});

const step = stepsIn(() => bench);

/** What is read: a command that opens it, and what it has when it is there. */
const PAGES = {
    overview: ["pmat: Open the Overview of the Heap Dump", ".treemap .area"],
    picture: ["pmat: Show the Chain as a Picture", "svg .edge"],
    report: ["pmat: Show All Leaks as a Document", "a"],
};

for (const [name, [theme, kind]] of Object.entries(THEMES)) {
    step(`every text of overview, picture and report can be read in ${name}`, async () => {
        const window = bench.page.locator(`.monaco-workbench.${kind}`);
        await bench.settings({ "workbench.colorTheme": theme }, (brief) => window.waitFor(brief));
        for (const [page, [command, there]] of Object.entries(PAGES)) {
            await bench.openFile("HTTP.pm");
            await bench.goTo(79);
            await bench.command(command);
            await bench.webview().locator(`body.${PAGE_KINDS[kind]}`).waitFor();
            await bench.webview().locator(there).first().waitFor();
            assert.deepEqual(await unreadable(bench.webview()), []);
            await bench.shot(`${page}-${name}`);
            await bench.command("View: Close All Editors");
        }
    });
}

for (const [page, [command, there]] of Object.entries(PAGES)) {
    step(`Tab reaches all that can be chosen in the ${page}, and shows where it is`, async () => {
        await bench.openFile("HTTP.pm");
        await bench.command(command);
        const frame = bench.webview();
        await frame.locator(there).first().waitFor();
        const all = frame.locator("button, a[href], [role=button]");
        const count = await all.count();
        await all.first().focus();
        for (let at = 0; at < count; at++) {
            const focused = await all.nth(at).evaluate((one) => one === document.activeElement);
            assert.ok(focused, `Tab came elsewhere than to ${await all.nth(at).textContent()}`);
            await bench.page.keyboard.press("Tab");
        }
        await bench.command("View: Close All Editors");
    });
}

/** The texts of a page whose colour is too near to that behind them. */
async function unreadable(frame) {
    return frame.locator("body").evaluate((body, least) => {
        const channels = (colour) => {
            const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data];
        };
        const luminance = (rgb) => {
            const [r, g, b] = rgb.map((value) => {
                const part = value / 255;
                return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = (element) => {
            for (let at = element; at; at = at.parentElement) {
                const colour = channels(getComputedStyle(at).backgroundColor);
                if (colour[3] === 255) {
                    return colour;
                }
            }
            return channels(getComputedStyle(document.documentElement).getPropertyValue("--vscode-editor-background"));
        };
        const found = [];
        for (const element of body.querySelectorAll("*")) {
            const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
            if (!text.length || element.closest("script, style, title, defs") || element.tagName === "title") {
                continue;
            }
            const style = getComputedStyle(element);
            const front = channels(element instanceof SVGElement ? style.fill : style.color);
            const [a, b] = [luminance(front.slice(0, 3)), luminance(behind(element).slice(0, 3))].sort((x, y) => y - x);
            const contrast = (a + 0.05) / (b + 0.05);
            if (contrast < least) {
                found.push(`${element.textContent.slice(0, 40)}: ${contrast.toFixed(1)}`);
            }
        }
        return found;
    }, LEAST_CONTRAST);
}
