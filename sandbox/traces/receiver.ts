/** Receives spans and metrics over OTLP/HTTP in protobuf, and keeps the latest. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { type Measure, readMeasures, readSpans, type Span } from "./otlp.ts";

export interface TraceReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  /** Every body, with a character for each byte, so that it can be searched; kept only with `keepBodies`. */
  readonly bodies: readonly string[];
  /** The spans of one trace, or of all traces, in the order in which they began. */
  spans(traceId?: string): readonly Span[];
  /** As last reported. */
  measures(): readonly Measure[];
  close(): Promise<void>;
}

export interface TraceReceiverOptions {
  readonly mostSpans?: number;
  readonly keepBodies?: boolean;
  /** Answers all requests but exports. */
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
      // An empty body is a valid answer in protobuf: a message without fields.
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
