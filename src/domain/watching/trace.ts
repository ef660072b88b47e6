/**
 * W3C trace context (www.w3.org/TR/trace-context): one trace from the caller through the queue, the orchestration and
 * every step to the event. The tracestate is not carried: it is for the vendors on the way.
 */
import { randomBytes } from "node:crypto";

/** `00-<trace id>-<span id>-<flags>`, checked. */
export type Traceparent = string;

const pattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Undefined for what is no traceparent: a caller's mistake starts a new trace, as the recommendation demands. */
export function readTraceparent(value: unknown): Traceparent | undefined {
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}

/**
 * The trace of a call: the caller's, under the span that the host opened in it where it did, else the host's own, else a
 * new one.
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

/** Of a record, for a line of the log: who works on it may do so in another trace, as timers do. */
export function traceIdIn({ traceparent }: { readonly traceparent?: Traceparent | undefined }): string | undefined {
  return traceparent === undefined ? undefined : traceIdOf(traceparent);
}

/** Where a trace can be looked at, by the operator's template. */
export function traceUrlOf(template: string | undefined, traceparent: Traceparent | undefined): string | undefined {
  if (template === undefined || traceparent === undefined) return undefined;
  return template.replaceAll("{traceId}", traceIdOf(traceparent));
}

/** The same, as OpenTelemetry has it. */
export function readSpanContext(
  traceparent: Traceparent | undefined,
): { traceId: string; spanId: string; traceFlags: number; isRemote: true } | undefined {
  const [, traceId, spanId, flags] = pattern.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
