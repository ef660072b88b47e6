/**
 * Preloaded into the service (`--import`): writes every HTTP call of undici and of `fetch` to the file in BENCH_CALLS, a line each,
 * when its answer has arrived. Both publish the same diagnostics channels (undici.nodejs.org "Diagnostics Channel").
 */
import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import type { RecordedCall } from "./recorded.ts";

interface Request {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: readonly string[];
}

const file = process.env["BENCH_CALLS"] ?? "";
const begun = new WeakMap<Request, number>();
const bodies = new WeakMap<Request, string>();
const lines: string[] = [];

subscribe(
  "undici:request:create",
  (message) => void begun.set((message as { request: Request }).request, performance.now()),
);
subscribe("undici:request:bodyChunkSent", (message) => {
  const { request, chunk } = message as { request: Request; chunk: string | Uint8Array };
  bodies.set(request, (bodies.get(request) ?? "") + Buffer.from(chunk as string).toString());
});
subscribe("undici:request:trailers", (message) => {
  const { request } = message as { request: Request };
  const { method, origin, path, headers } = request;
  const call: RecordedCall = {
    method,
    url: `${origin}${path}`,
    headers,
    body: bodies.get(request) ?? null,
    begun: begun.get(request) ?? 0,
    ended: performance.now(),
  };
  lines.push(`${JSON.stringify(call)}\n`);
});
// Not while an onboarding runs: writing a file would delay it.
setInterval(() => lines.length > 0 && appendFileSync(file, lines.splice(0).join("")), 1_000).unref();
