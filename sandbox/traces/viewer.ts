/** The last traces of the service, as pages: a list, and each trace as a tree on a common scale of time. */
import type { RequestListener } from "node:http";
import type { Span } from "./otlp.ts";
import { startTraceReceiver, type TraceReceiver } from "./receiver.ts";

export interface TraceViewer {
  readonly url: string;
  /** For a service that sends its traces here and links to them. */
  readonly settings: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startTraceViewer(): Promise<TraceViewer> {
  const receiver = await startTraceReceiver({ serve: servePages });
  return {
    url: `${receiver.url}/`,
    settings: settingsFor(receiver),
    close: () => receiver.close(),
  };
}

function settingsFor({ url }: TraceReceiver): Record<string, string> {
  return {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`,
    // People follow the link right away.
    OTEL_BSP_SCHEDULE_DELAY: "200",
    MOORING_TRACE_URL: `${url}/traces/{traceId}`,
  };
}

function servePages(receiver: TraceReceiver): RequestListener {
  return (request, response) => {
    const [, traceId] = /^\/traces\/([0-9a-f]{32})$/.exec(request.url ?? "") ?? [];
    const spans = receiver.spans(traceId);
    const isThere = request.url === "/" || spans.length > 0;
    const page = request.url === "/" ? listOf(spans) : traceId && isThere ? treeOf(traceId, spans) : nothing;
    response.writeHead(isThere ? 200 : 404, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    });
    response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Traces</title>${style}${page}</html>`);
  };
}

const nothing = "<h1>No such trace</h1><p>It has not arrived yet, or is no longer kept. <a href='/'>All traces</a></p>";

const style = `<style>
body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.15rem .6rem .15rem 0;border-bottom:1px solid #ddd;vertical-align:top}
.number{text-align:right;white-space:nowrap}
.bar{background:#2563a8;height:.6rem;margin-top:.45rem;min-width:2px}
.failed{color:#a31515}.failed .bar{background:#a31515}
.facts{color:#555;font-size:12px}
.time{width:30%}
</style>`;

const mostListed = 100;

function listOf(spans: readonly Span[]): string {
  const traces = [...Map.groupBy(spans, ({ traceId }) => traceId).entries()].reverse().slice(0, mostListed);
  const rows = traces.map(([traceId, all]) => {
    const { begin, end } = extentOf(all);
    const [first] = all;
    return `<tr${markOf(all.some(({ failed }) => failed))}><td>${new Date(begin).toISOString()}</td>
<td><a href="/traces/${traceId}">${escapeHtml(first?.name ?? "")}</a></td>
<td>${escapeHtml(String(all.map(({ attributes }) => attributes["mooring.operation"]).find(Boolean) ?? ""))}</td>
<td class="number">${all.length}</td><td class="number">${durationOf(end - begin)}</td></tr>`;
  });
  return `<h1>Traces</h1><table><tr><th>Began</th><th>With</th><th>Operation</th><th class="number">Spans</th>
<th class="number">Took</th></tr>${rows.join("")}</table>`;
}

function treeOf(traceId: string, spans: readonly Span[]): string {
  const { begin, end } = extentOf(spans);
  const share = (milliseconds: number) => `${((milliseconds / Math.max(end - begin, 1)) * 100).toFixed(2)}%`;
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const childrenOf = Map.groupBy(spans, ({ parentId }) => (ids.has(parentId) ? parentId : ""));
  const rowsOf = (parentId: string, depth: number): string[] =>
    (childrenOf.get(parentId) ?? []).flatMap((span) => [
      `<tr${markOf(span.failed)}><td style="padding-left:${depth * 1.2}rem">${escapeHtml(span.name)}
<div class="facts">${factsOf(span)}</div></td><td>${span.kind.toLowerCase()}</td>
<td class="number">${durationOf(span.end - span.start)}</td><td class="time"><div class="bar"
style="margin-left:${share(span.start - begin)};width:${share(span.end - span.start)}"></div></td></tr>`,
      ...rowsOf(span.spanId, depth + 1),
    ]);
  return `<h1>Trace ${traceId}</h1><p>${spans.length} spans, ${durationOf(end - begin)}. <a href="/">All traces</a></p>
<table><tr><th>Span</th><th>Kind</th><th class="number">Took</th><th class="time">When</th></tr>
${rowsOf("", 0).join("")}</table>`;
}

function factsOf({ attributes, message }: Span): string {
  const facts = Object.entries(attributes).map(([name, value]) => `${escapeHtml(name)}=${escapeHtml(String(value))}`);
  return [...facts, ...(message === undefined ? [] : [escapeHtml(message)])].join(" · ");
}

function extentOf(spans: readonly Span[]): { begin: number; end: number } {
  return {
    begin: Math.min(...spans.map(({ start }) => start)),
    end: Math.max(...spans.map(({ end }) => end)),
  };
}

function durationOf(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds / 1_000).toFixed(2)} s`;
}

function markOf(isFailed: boolean): string {
  return isFailed ? ' class="failed"' : "";
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
