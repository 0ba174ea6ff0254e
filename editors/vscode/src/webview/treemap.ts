/** A treemap: areas are in proportion to bytes. */

import { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import { bytes } from "../texts";
import { element } from "./page";

/** One area. */
export interface Area {
    readonly name: string;
    /** Bytes; above 0. */
    readonly weight: number;
    /** A few words more. */
    readonly detail: string;
    /** Said when it is chosen. */
    readonly chosen: () => void;
}

const WIDTH = 100;
const HEIGHT = 40;
/** Areas smaller than this, in percent of the width and of the height, have no room for a text. */
const LEAST = { width: 8, height: 5 };
const COLOURS = 6;

/** The areas as buttons, the largest first, so that the keyboard walks them by weight. */
export function treemapOf(areas: readonly Area[], label: string): HTMLElement {
    const root = hierarchy<Area | { children: readonly Area[] }>({ children: areas }).sum((area) =>
        "weight" in area ? area.weight : 0,
    );
    const laid = treemap<Area | { children: readonly Area[] }>()
        .size([WIDTH, HEIGHT])
        .tile(treemapSquarify)
        .paddingInner(0.2)(root.sort((a, b) => (b.value ?? 0) - (a.value ?? 0)));
    const map = element("div", { class: "treemap", role: "group", "aria-label": label });
    laid.leaves().forEach((leaf, number) => {
        if ("weight" in leaf.data) {
            map.append(areaOf(leaf.data, leaf, number));
        }
    });
    return map;
}

function areaOf(area: Area, at: { x0: number; x1: number; y0: number; y1: number }, number: number): HTMLElement {
    const told = `${area.name}: ${bytes(area.weight)}${area.detail ? `, ${area.detail}` : ""}`;
    const button = element("button", {
        type: "button",
        class: `area colour${number % COLOURS}`,
        title: told,
        "aria-label": told,
    });
    const [width, height] = [at.x1 - at.x0, ((at.y1 - at.y0) / HEIGHT) * 100];
    // The policy of the page forbids style attributes, not styles that a script sets.
    Object.assign(button.style, {
        left: `${at.x0}%`,
        top: `${(at.y0 / HEIGHT) * 100}%`,
        width: `${width}%`,
        height: `${height}%`,
    });
    if (width >= LEAST.width && height >= LEAST.height * 2) {
        button.append(element("span", { class: "name" }, area.name), element("span", {}, bytes(area.weight)));
    }
    button.addEventListener("click", area.chosen);
    return button;
}
