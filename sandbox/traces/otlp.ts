/** Spans and metrics of OTLP/HTTP in protobuf (opentelemetry.io "OTLP Specification"), flattened. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import { z } from "zod";

const Value = z.looseObject({
  stringValue: z.string().optional(),
  boolValue: z.boolean().optional(),
  intValue: z.string().optional(),
  doubleValue: z.number().optional(),
});
const Attributes = z
  .array(z.object({ key: z.string(), value: Value }))
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, readValue(value)])));
export type AttributeValue = string | number | boolean;

function readValue({ stringValue, boolValue, intValue, doubleValue, ...other }: z.infer<typeof Value>): AttributeValue {
  if (intValue !== undefined) return Number(intValue);
  return stringValue ?? boolValue ?? doubleValue ?? JSON.stringify(other);
}

const kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] as const;
/** Nanoseconds since 1970, which are too many for a number. */
const Time = z.string().transform((nanoseconds) => Number(BigInt(nanoseconds) / 1_000n) / 1_000);
const Id = z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes).toString("hex"));

const WireSpan = z.object({
  traceId: Id,
  spanId: Id,
  parentSpanId: Id.optional(),
  name: z.string(),
  kind: z.number().transform((kind) => kinds[kind] ?? "UNSPECIFIED"),
  startTimeUnixNano: Time,
  endTimeUnixNano: Time,
  attributes: Attributes,
  links: z.array(z.object({ traceId: Id })),
  status: z.object({ code: z.number().default(0), message: z.string().optional() }).prefault({}),
});

const TraceExport = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: Attributes }),
      scopeSpans: z.array(z.object({ scope: z.object({ name: z.string() }), spans: z.array(WireSpan) })),
    }),
  ),
});

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: (typeof kinds)[number];
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly failed: boolean;
  readonly message: string | undefined;
  readonly scope: string;
  readonly service: string;
}

const schema = protobuf.parse(readFileSync(join(import.meta.dirname, "otlp.proto"), "utf8")).root;

function decode(type: string, bytes: Uint8Array): unknown {
  const message = schema.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: String, arrays: true });
}

export function readSpans(bytes: Uint8Array): readonly Span[] {
  const { resourceSpans } = TraceExport.parse(decode("TraceExport", bytes));
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ parentSpanId: parentId = "", startTimeUnixNano: start, endTimeUnixNano: end, status, ...span }) => ({
        ...span,
        parentId,
        start,
        end,
        failed: status.code === 2,
        message: status.message,
        scope: scope.name,
        service: String(resource.attributes["service.name"] ?? ""),
      })),
    ),
  );
}

const Point = z.looseObject({
  attributes: Attributes,
  asInt: z.string().optional(),
  asDouble: z.number().optional(),
  count: z.string().optional(),
  sum: z.number().optional(),
});
const Points = z.object({ dataPoints: z.array(Point) });

const MetricExport = z.object({
  resourceMetrics: z.array(
    z.object({
      scopeMetrics: z.array(
        z.object({
          metrics: z.array(
            z.object({
              name: z.string(),
              unit: z.string().default(""),
              sum: Points.optional(),
              histogram: Points.optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** Since the start of the service: the total of a counter, or the count and sum of a histogram. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly count: number;
  readonly sum: number;
}

export function readMeasures(bytes: Uint8Array): readonly Measure[] {
  const { resourceMetrics } = MetricExport.parse(decode("MetricExport", bytes));
  return resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, unit, sum, histogram }) => [
        ...(sum?.dataPoints ?? []).map(({ attributes, asInt, asDouble }) => {
          const value = Number(asInt ?? asDouble);
          return { name, unit, attributes, count: value, sum: value };
        }),
        ...(histogram?.dataPoints ?? []).map(({ attributes, count, sum: total = 0 }) => {
          return { name, unit, attributes, count: Number(count ?? 0), sum: total };
        }),
      ]),
    ),
  );
}
