/** The sandbox's page for people, served from the files in sandbox/control/page. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HttpReply } from "../../packages/azure-sim/src/httpServer.ts";

const folder = join(import.meta.dirname, "page");

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const page = (name: string, type: string) => (): HttpReply => ({
  status: 200,
  headers: {
    "content-type": `${type}; charset=utf-8`,
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
  },
  body: readFileSync(join(folder, name), "utf8"),
});

export const pageRoutes = [
  { method: "GET", path: /^\/sandbox\/?$/, run: page("index.html", "text/html") },
  { method: "GET", path: /^\/sandbox\/page\/cloud\.js$/, run: page("cloud.js", "text/javascript") },
  { method: "GET", path: /^\/sandbox\/page\/cloud\.css$/, run: page("cloud.css", "text/css") },
] as const;
