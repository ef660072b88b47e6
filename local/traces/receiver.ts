/** Takes spans and metrics by OTLP/HTTP in protobuf, and keeps the last of them. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { type Measure, readMeasures, readSpans, type Span } from "./otlp.ts";

export interface TraceReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  /** Every body, a character for each byte, for who searches it; none is kept without `keepBodies`. */
  readonly bodies: readonly string[];
  /** Of a trace, in the order in which they began; of all traces without it. */
  spans(traceId?: string): readonly Span[];
  /** As they were told last. */
  measures(): readonly Measure[];
  close(): Promise<void>;
}

export interface TraceReceiverOptions {
  readonly mostSpans?: number;
  readonly keepBodies?: boolean;
  /** Answers whatever is no export. */
  readonly serve?: (receiver: TraceReceiver) => RequestListener;
}

export async function startTraceReceiver(options: TraceReceiverOptions = {}): Promise<TraceReceiver> {
  const { mostSpans = 20_000, keepBodies = false } = options;
  const kept: Span[] = [];
  const bodies: string[] = [];
  let measures: readonly Measure[] = [];

  async function take(request: IncomingMessage): Promise<number> {
    if (request.headers["content-type"] !== "application/x-protobuf") return 415;
    const body = await readBody(request);
    if (keepBodies) bodies.push(body.toString("latin1"));
    if (request.url === "/v1/metrics") {
      measures = readMeasures(body);
      return 200;
    }
    kept.push(...readSpans(body));
    kept.splice(0, Math.max(0, kept.length - mostSpans));
    return 200;
  }

  const server = createServer((request, response) => {
    if (request.method !== "POST" || !["/v1/traces", "/v1/metrics"].includes(request.url ?? "")) {
      if (other) other(request, response);
      else response.writeHead(404).end();
      return;
    }
    take(request).then(
      // An empty answer is one in protobuf that has nothing to say.
      (status) => response.writeHead(status, { "content-type": "application/x-protobuf" }).end(),
      () => response.writeHead(400, { "content-type": "text/plain" }).end("not an export in protobuf"),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: TraceReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    spans: (traceId) =>
      kept
        .filter((span) => traceId === undefined || span.traceId === traceId)
        .toSorted((one, other) => one.start - other.start),
    measures: () => measures,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  const other = options.serve?.(receiver);
  return receiver;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const bytes = await buffer(request);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
}
