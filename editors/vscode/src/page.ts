/** The frame of a web page inside VS Code: its policy, its style, its script. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/**
 * The HTML of a page whose content a script of the extension draws.
 *
 * @param webview that shows it.
 * @param extension the extension's folder.
 * @param name of the script in dist/ and of the style in media/.
 * @param title of the page, for screen readers.
 */
export function pageHtml(webview: vscode.Webview, extension: vscode.Uri, name: string, title: string): string {
    const nonce = randomBytes(16).toString("base64url");
    const script = webview.asWebviewUri(vscode.Uri.joinPath(extension, "dist", `${name}.js`));
    const styles = ["page", name]
        .map((style) => webview.asWebviewUri(vscode.Uri.joinPath(extension, "media", `${style}.css`)))
        .map((uri) => `<link rel="stylesheet" href="${uri}">`);
    const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
${styles.join("\n")}
<title>${title}</title>
</head>
<body>
<main id="page" aria-live="polite"></main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}

/** Shows files, or what has a URI like one, as pages; the server reads them, no byte of them comes here. */
export class PageEditors implements vscode.CustomReadonlyEditorProvider {
    /**
     * @param extension the extension's folder.
     * @param name as of `pageHtml`.
     * @param title as of `pageHtml`.
     * @param begin what draws the page of a URI from now on, and is disposed of when its tab is closed.
     */
    constructor(
        private readonly extension: vscode.Uri,
        private readonly name: string,
        private readonly title: string,
        private readonly begin: (uri: vscode.Uri, webview: vscode.Webview) => vscode.Disposable,
    ) {}

    openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
        return { uri, dispose: () => undefined };
    }

    resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
        panel.webview.options = pageOptions(this.extension);
        const page = this.begin(uri, panel.webview);
        panel.onDidDispose(() => page.dispose());
        panel.webview.html = pageHtml(panel.webview, this.extension, this.name, this.title);
    }
}

/** What pages may load. */
export function pageOptions(extension: vscode.Uri): vscode.WebviewOptions {
    const folders = ["dist", "media"].map((folder) => vscode.Uri.joinPath(extension, folder));
    return { enableScripts: true, localResourceRoots: folders };
}
