/**
 * W3C trace context (www.w3.org/TR/trace-context): one trace from the caller through the queue, the orchestration and
 * every step to the event. The tracestate is dropped: it is for the tracing vendors along the way.
 */
import { randomBytes } from "node:crypto";

/** `00-<trace id>-<span id>-<flags>`, validated. */
export type Traceparent = string;

const pattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Undefined for an invalid traceparent: a caller's mistake starts a new trace, as the recommendation requires. */
export function readTraceparent(value: unknown): Traceparent | undefined {
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}

/**
 * The trace of a call: the caller's, under the span that the host opened in it, if any; otherwise the host's own trace, or a new
 * one.
 */
export function traceOf({ caller, host }: { caller: unknown; host: unknown }): Traceparent {
  const given = pattern.exec(typeof caller === "string" ? caller : "");
  const own = readTraceparent(host);
  if (!given) return own ?? `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`;
  const [traceparent, trace, , flags] = given;
  const [, hostTrace, hostSpan] = own?.split("-") ?? [];
  return hostTrace === trace ? `00-${trace}-${hostSpan}-${flags}` : traceparent;
}

export function traceIdOf(traceparent: Traceparent): string {
  return traceparent.split("-")[1] ?? "";
}

/** A record's trace ID for log lines, because code that works on the record, such as a timer, may run in another trace. */
export function traceIdIn({ traceparent }: { readonly traceparent?: Traceparent | undefined }): string | undefined {
  return traceparent === undefined ? undefined : traceIdOf(traceparent);
}

/** The URL of a trace, from the operator's template. */
export function traceUrlOf(template: string | undefined, traceparent: Traceparent | undefined): string | undefined {
  if (template === undefined || traceparent === undefined) return undefined;
  return template.replaceAll("{traceId}", traceIdOf(traceparent));
}

/** The traceparent as a span context of OpenTelemetry. */
export function readSpanContext(
  traceparent: Traceparent | undefined,
): { traceId: string; spanId: string; traceFlags: number; isRemote: true } | undefined {
  const [, traceId, spanId, flags] = pattern.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
