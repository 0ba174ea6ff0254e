/** The picture of a reference cycle, laid out in layers, and the same as a list for who cannot see it. */

import ELK, { type ElkExtendedEdge, type ElkNode } from "elkjs/lib/elk.bundled.js";
import type { FromPicture, PictureEdge, PictureNode, PicturePage, ToPicture } from "../pages";
import { element, emptied, hear, link, send } from "./page";

const say = (message: FromPicture): void => send(message);
const SVG = "http://www.w3.org/2000/svg";
/** Pixels of a character of a label, roughly: a box may be wider than its text, never narrower. */
const CHARACTER = 7.6;
const BOX = { height: 44, padding: 24 };
const LONGEST = 48;

hear<ToPicture>((message) => {
    if (message.type === "hop") {
        highlight(message.hop);
    } else {
        void draw(message);
    }
});

async function draw(page: PicturePage): Promise<void> {
    const laid = await new ELK().layout(graphOf(page));
    emptied().append(
        element("h1", {}, page.title),
        element("p", { class: "hint" }, "Tab walks the hops, Enter goes to the source; solid: strong, dashed: weak."),
        drawing(page, laid),
        element("h2", {}, "The same as a list"),
        listOf(page),
    );
}

function graphOf({ nodes, edges }: PicturePage): ElkNode {
    return {
        id: "chain",
        layoutOptions: {
            "elk.algorithm": "layered",
            "elk.direction": "DOWN",
            "elk.spacing.nodeNode": "48",
            "elk.layered.spacing.nodeNodeBetweenLayers": "56",
            "elk.edgeLabels.inline": "false",
            "elk.layered.feedbackEdges": "true",
        },
        children: nodes.map((node) => ({ id: node.id, width: widthOf(shortened(node.label)), height: BOX.height })),
        edges: edges.map((edge) => ({
            id: String(edge.id),
            sources: [edge.from],
            targets: [edge.to],
            labels: [{ text: shortened(edge.label), width: shortened(edge.label).length * CHARACTER, height: 18 }],
        })),
    };
}

function widthOf(text: string): number {
    return Math.max(80, text.length * CHARACTER + BOX.padding);
}

function shortened(text: string): string {
    return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function svg(name: string, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElement {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
        made.setAttribute(key, String(value));
    }
    made.append(...children);
    return made;
}

function drawing(page: PicturePage, laid: ElkNode): SVGElement {
    const [width, height] = [laid.width ?? 0, laid.height ?? 0];
    const arrow = svg("path", { d: "M0 0 10 5 0 10z", class: "head" });
    const marker = {
        id: "arrow",
        viewBox: "0 0 10 10",
        refX: 9,
        refY: 5,
        // Of the same size at a thick edge.
        markerUnits: "userSpaceOnUse",
        markerWidth: 12,
        markerHeight: 12,
        orient: "auto",
    };
    const picture = svg(
        "svg",
        {
            viewBox: `-8 -8 ${width + 16} ${height + 16}`,
            width: width + 16,
            height: height + 16,
            role: "group",
            "aria-label": page.title,
        },
        svg("defs", {}, svg("marker", marker, arrow)),
    );
    const edges = new Map(page.edges.map((edge) => [String(edge.id), edge]));
    for (const placed of laid.edges ?? []) {
        const edge = edges.get(placed.id);
        if (edge) {
            picture.append(edgeOf(edge, placed));
        }
    }
    const nodes = new Map(page.nodes.map((node) => [node.id, node]));
    for (const placed of laid.children ?? []) {
        const node = nodes.get(placed.id);
        if (node) {
            picture.append(nodeOf(node, placed));
        }
    }
    return picture;
}

function nodeOf(node: PictureNode, at: ElkNode): SVGElement {
    const [x, y, width, height] = [at.x ?? 0, at.y ?? 0, at.width ?? 0, at.height ?? 0];
    const kind = svg("text", { x: x + width / 2, y: y + 16, class: "kind" }, node.kind);
    const label = svg("text", { x: x + width / 2, y: y + 34, class: "name" }, shortened(node.label));
    const box = svg("rect", { x, y, width, height, rx: node.kind === "CODE" ? 20 : 4 });
    const title = svg("title", {}, `${node.label} at ${node.address}`);
    const attributes = {
        class: `node ${classOf(node.kind)}`,
        tabindex: 0,
        role: "button",
        "aria-label": `${node.kind} ${node.label}`,
    };
    return acting(svg("g", attributes, title, box, kind, label), () => say({ type: "sv", address: node.address }));
}

function classOf(kind: string): string {
    return `kind-${kind.toLowerCase().replace(/[^a-z]/g, "")}`;
}

function edgeOf(edge: PictureEdge, placed: ElkExtendedEdge): SVGElement {
    const group = svg("g", {
        class: `edge ${edge.strength}`,
        "data-hop": edge.id,
        tabindex: 0,
        role: "button",
        "aria-label": `hop ${edge.id + 1}: ${edge.label}, ${edge.strength}${edge.place ? `, ${edge.place}` : ""}`,
    });
    group.append(svg("title", {}, edge.place ?? "no place in the source"));
    for (const part of placed.sections ?? []) {
        const points = [part.startPoint, ...(part.bendPoints ?? []), part.endPoint];
        const path = points.map(({ x, y }, number) => `${number ? "L" : "M"}${x} ${y}`).join(" ");
        // A wide line that is not seen is easier to click.
        group.append(
            svg("path", { d: path, class: "touch" }),
            svg("path", { d: path, class: "line", "marker-end": "url(#arrow)" }),
        );
    }
    const label = placed.labels?.[0];
    if (label) {
        group.append(
            svg(
                "text",
                { x: (label.x ?? 0) + (label.width ?? 0) / 2, y: (label.y ?? 0) + 13, class: "label" },
                label.text ?? "",
            ),
        );
    }
    return acting(group, () => say({ type: "hop", hop: edge.id }));
}

function acting(group: SVGElement, act: () => void): SVGElement {
    group.addEventListener("click", act);
    group.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            act();
        }
    });
    return group;
}

function listOf({ nodes, edges }: PicturePage): HTMLElement {
    const labels = new Map(nodes.map((node) => [node.id, node.label]));
    const list = element("ol", { class: "hops" });
    for (const edge of edges) {
        const told = `${labels.get(edge.from) ?? ""} ${edge.label} → ${labels.get(edge.to) ?? ""}`;
        const go = link(told, edge.place ?? "no place in the source", () => say({ type: "hop", hop: edge.id }));
        list.append(
            element("li", { "data-hop": String(edge.id) }, go, element("span", { class: "place" }, edge.place ?? "")),
        );
    }
    return list;
}

function highlight(hop: number | null): void {
    for (const part of document.querySelectorAll("[data-hop]")) {
        const current = hop !== null && part.getAttribute("data-hop") === String(hop);
        part.classList.toggle("current", current);
        if (current) {
            part.setAttribute("aria-current", "step");
        } else {
            part.removeAttribute("aria-current");
        }
    }
}
