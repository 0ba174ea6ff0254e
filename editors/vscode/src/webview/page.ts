/** What the pages share: elements, texts for people, and the way to the extension. */

import type { NoticePage } from "../pages";

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

const api = acquireVsCodeApi();

/** Tell the extension. */
export function send(message: object): void {
    api.postMessage(message);
}

/** Hear the extension; `ready` is said to it, so that it begins. */
export function hear<Message>(show: (message: Message) => void): void {
    window.addEventListener("message", (event: MessageEvent<Message>) => show(event.data));
    send({ type: "ready" });
}

type Child = Node | string;

/** A new element. Texts become text, never markup: they come out of a heap dump. */
export function element<Name extends keyof HTMLElementTagNameMap>(
    name: Name,
    attributes: Record<string, string> = {},
    ...children: Child[]
): HTMLElementTagNameMap[Name] {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
}

/** A button that looks like a link. */
export function link(text: string, title: string, act: () => void): HTMLButtonElement {
    const made = element("button", { type: "button", class: "link", title }, text);
    made.addEventListener("click", act);
    return made;
}

/** Instead of the page: what is going on, or went wrong. */
export function showNotice({ message, error }: NoticePage): void {
    emptied().append(element("p", { class: error ? "error" : "notice", role: error ? "alert" : "status" }, message));
}

/** The element into which the page is drawn, emptied. */
export function emptied(): HTMLElement {
    const page = document.getElementById("page");
    if (!page) {
        throw new Error("the page has no #page");
    }
    page.replaceChildren();
    return page;
}
