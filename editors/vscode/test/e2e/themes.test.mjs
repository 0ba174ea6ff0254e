// What is drawn can be read in light, dark and high contrast, and reached by the keyboard.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { demoFolder, Workbench } from "./workbench.mjs";

const THEMES = {
    light: "Default Light Modern",
    dark: "Default Dark Modern",
    "high-contrast": "Default High Contrast",
    "high-contrast-light": "Default High Contrast Light",
};
/** Of a text to what is behind it: WCAG 2.2, 1.4.3. */
const LEAST_CONTRAST = 4.5;

for (const [name, theme] of Object.entries(THEMES)) {
    test(`every text of the overview and the picture can be read in ${name}`, async (context) => {
        const folder = demoFolder();
        const bench = await Workbench.open({ folder, settings: { "workbench.colorTheme": theme } });
        context.after(async () => {
            await bench.close();
            rmSync(folder, { recursive: true, force: true });
        });
        await bench.openFile("HTTP.pm");
        await bench.status("courier.pmat.xz: 1 leak").waitFor();
        await bench.command("pmat: Open the Overview of the Heap Dump");
        await bench.webview().locator(".treemap .area").first().waitFor();
        assert.deepEqual(await unreadable(bench.webview()), []);
        await bench.shot(`overview-${name}`);
        await bench.command("View: Close All Editors");
        await bench.openFile("HTTP.pm");
        await bench.command("pmat: Show the Chain as a Picture");
        await bench.webview().locator("svg .edge").first().waitFor();
        assert.deepEqual(await unreadable(bench.webview()), []);
        await bench.shot(`picture-${name}`);
    });
}

let bench;
let folder;

before(async () => {
    folder = demoFolder();
    bench = await Workbench.open({ folder });
});

after(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
});

test("the keyboard alone reaches every link of the overview and every hop of the picture", async () => {
    await bench.openFile("HTTP.pm");
    await bench.status("courier.pmat.xz: 1 leak").waitFor();
    await bench.command("pmat: Show the Chain as a Picture");
    const frame = bench.webview();
    await frame.locator("svg .edge").first().waitFor();
    const reachable = await frame
        .locator("body")
        .evaluate((body) =>
            [...body.querySelectorAll("[data-hop], .node")].every(
                (part) => part.tabIndex >= 0 || part.querySelector("button"),
            ),
        );
    assert.ok(reachable);
    await frame.locator("svg .edge").first().focus();
    await bench.page.keyboard.press("Enter");
    await frame.locator("svg .edge.current").waitFor();
});

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
