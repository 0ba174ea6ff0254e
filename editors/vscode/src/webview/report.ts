/** A report: the Markdown of the server, rendered; the extension opens what its links lead to. */

import MarkdownIt from "markdown-it";
import type { FromReport, ToReport } from "../pages";
import { emptied, hear, send, showNotice } from "./page";

// HTML stays text, whatever the heap dump has put into the report.
const markdown = new MarkdownIt({ html: false });
markdown.validateLink = (target) => /^(pmat|file):/.test(target);
let shown = "";

hear<ToReport>((message) => {
    if (message.type === "notice") {
        shown = "";
        showNotice(message);
    } else if (message.text !== shown) {
        shown = message.text;
        emptied().innerHTML = markdown.render(message.text);
    }
});

document.addEventListener(
    "click",
    (event) => {
        const target = event.target instanceof Element && event.target.closest("a")?.getAttribute("href");
        if (target) {
            event.preventDefault();
            event.stopImmediatePropagation();
            send({ type: "link", target } satisfies FromReport);
        }
    },
    { capture: true },
);
