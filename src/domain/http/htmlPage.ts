/** A page that needs nothing from elsewhere and runs nothing: its policy allows its own style by hash, and no more. */
import { createHash } from "node:crypto";

export interface HtmlPage {
  readonly html: string;
  /** For the header Content-Security-Policy. */
  readonly policy: string;
}

export function createHtmlPage({ title, style, body }: { title: string; style: string; body: string }): HtmlPage {
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
  return { html, policy };
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
