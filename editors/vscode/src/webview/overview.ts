/** The overview of a dump: what it was, what leaked, what is open, what is large. */

import type { FromOverview, GrowthPage, OverviewPage, PageDump, PageFinding, ToOverview } from "../pages";
import { bytes, counted } from "../texts";
import { element, emptied, hear, link, send, showNotice } from "./page";
import { treemapOf } from "./treemap";

const say = (message: FromOverview): void => send(message);

hear<ToOverview>((message) => {
    switch (message.type) {
        case "notice":
            return showNotice(message);
        case "overview":
            return showOverview(message);
        case "growth":
            return showGrowth(message);
    }
});

function showOverview(page: OverviewPage): void {
    emptied().append(
        element("h1", {}, page.name),
        facts(page),
        section("Leaks", findings(page.findings)),
        section("File handles", handles(page)),
        section("What the objects of each class keep alive", classes(page)),
        ...(page.family.length ? [section("Growth", growth(page.family))] : []),
    );
}

function section(title: string, content: Node): HTMLElement {
    return element("section", {}, element("h2", {}, title), content);
}

function facts(page: OverviewPage): HTMLElement {
    const list = element("dl", { class: "facts" });
    for (const [name, value] of page.facts) {
        list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
    }
    return list;
}

function findings(all: readonly PageFinding[]): HTMLElement {
    if (!all.length) {
        return element("p", {}, "No proven leak.");
    }
    const list = element("ol", { class: "findings" });
    for (const finding of all) {
        list.append(element("li", finding.ignored ? { class: "ignored" } : {}, ...findingParts(finding)));
    }
    return list;
}

function findingParts(finding: PageFinding): (Node | string)[] {
    const weight = [
        bytes(finding.bytes),
        ...(finding.handles.length ? [counted(finding.handles.length, "file handle")] : []),
    ];
    const { id } = finding;
    return [
        link(finding.title, "Go to the marked line", () => say({ type: "source", finding: id })),
        element("span", { class: "weight" }, weight.join(", ")),
        element("code", {}, finding.pattern),
        ...(finding.place ? [element("span", { class: "place" }, finding.place)] : []),
        link("picture", "Show the chain as a picture", () => say({ type: "picture", finding: id })),
        ...(finding.ignored ? [element("span", { class: "place" }, "ignored")] : []),
    ];
}

function handles({ handles: open }: OverviewPage): HTMLElement {
    if (!open.length) {
        return element("p", {}, "None are open.");
    }
    const list = element("ul", { class: "handles", "aria-label": counted(open.length, "open file") });
    for (const { address, number, name } of open) {
        const shown = () => say({ type: "sv", address });
        list.append(element("li", {}, link(String(number), `file ${number}: ${name || address}`, shown)));
    }
    return list;
}

function classes(page: OverviewPage): HTMLElement {
    const areas = page.classes.map(({ name, objects, bytes: weight }) => ({
        name,
        weight,
        detail: counted(objects, "object"),
        chosen: () => say({ type: "class", name }),
    }));
    return areas.length
        ? treemapOf(areas, "Classes by the bytes that they keep alive")
        : element("p", {}, "No objects.");
}

function growth(family: readonly string[]): HTMLElement {
    const place = element("div", { id: "growth" });
    const ask = link(`Compare with ${counted(family.length - 1, "other dump")} beside it`, family.join("\n"), () => {
        place.replaceChildren(element("p", { role: "status" }, "Reading them…"));
        say({ type: "growth" });
    });
    place.append(ask);
    return place;
}

function showGrowth({ dumps }: GrowthPage): void {
    const most = {
        svs: Math.max(1, ...dumps.map((dump) => dump.svs)),
        bytes: Math.max(1, ...dumps.map((dump) => dump.bytes)),
        handles: Math.max(1, ...dumps.map((dump) => dump.handles)),
    };
    const head = element(
        "tr",
        {},
        ...["dump", "SVs", "bytes", "file handles"].map((name) => element("th", { scope: "col" }, name)),
    );
    const table = element("table", { class: "growth" }, element("thead", {}, head));
    const body = element("tbody");
    for (const dump of dumps) {
        body.append(growthRow(dump, most));
    }
    table.append(body);
    document.getElementById("growth")?.replaceChildren(table);
}

function growthRow(dump: PageDump, most: { svs: number; bytes: number; handles: number }): HTMLElement {
    const cell = (value: number, of: number, told: string): HTMLElement => {
        const bar = element("span", { class: "bar", "aria-hidden": "true" });
        bar.style.width = `${(100 * value) / of}%`;
        return element("td", {}, element("span", { class: "told" }, told), bar);
    };
    return element(
        "tr",
        {},
        element("th", { scope: "row" }, dump.name),
        cell(dump.svs, most.svs, dump.svs.toLocaleString("en")),
        cell(dump.bytes, most.bytes, bytes(dump.bytes)),
        cell(dump.handles, most.handles, String(dump.handles)),
    );
}
