/**
 * Spans, through the OpenTelemetry API alone. If no SDK is loaded (start.ts), the API does nothing, and each of these functions
 * just calls `work`. Every attribute is set by hand: names and codes, never a token, a query's values, or a person.
 */

import {
  type Attributes,
  type AttributeValue,
  context,
  createContextKey,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { defined } from "../domain/defined.ts";
import { isErrorCode } from "../domain/errors.ts";
import { readSpanContext, type Traceparent } from "../domain/watching/trace.ts";
import { logWithin } from "./logLine.ts";

export { SpanKind };

/** What a piece of work is about; each of its spans says so. */
export interface Subject {
  readonly operation?: string | undefined;
  readonly step?: string | undefined;
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Readonly<Record<string, AttributeValue | undefined>>;
  /** Spans of other traces that led to this one. */
  readonly links?: Link[];
}

const subjectKey = createContextKey("mooring subject");

/** Within `work`, every span names this subject and the outer ones, and every log line names the operation. */
export function concerning<T>({ operation, step, cluster, namespace }: Subject, work: () => T): T {
  const named = defined({
    "mooring.operation": operation,
    "mooring.step": step,
    "mooring.cluster": cluster,
    "mooring.namespace": namespace,
  });
  const inContext = () => context.with(context.active().setValue(subjectKey, { ...subjectOf(), ...named }), work);
  return logWithin({ operation }, inContext);
}

function subjectOf(): Attributes {
  return (context.active().getValue(subjectKey) ?? {}) as Attributes;
}

/** A span around the work. A failed one has the error's code, but not its text, which may contain anything. */
export async function inSpan<T>(
  name: string,
  { kind = SpanKind.INTERNAL, attributes = {}, links = [] }: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const all = { ...subjectOf(), ...defined(attributes) };
  // Looked up each time: the SDK's bundle has its own copy of the API, and a tracer from before it was loaded never does
  // anything.
  return await trace.getTracer("mooring").startActiveSpan(name, { kind, attributes: all, links }, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      fail(span, codeOf(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

export function fail(span: Span, code: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute("error.type", code);
}

/** Continues the trace, unless the work is already part of it: then the open span is the nearer parent. */
export function inTrace<T>(traceparent: Traceparent | undefined, work: () => T): T {
  const parent = readSpanContext(traceparent);
  if (!parent) return work();
  return logWithin({ traceId: parent.traceId }, () =>
    parent.traceId === trace.getSpanContext(context.active())?.traceId
      ? work()
      : context.with(trace.setSpanContext(context.active(), parent), work),
  );
}

/** The current span, for a link from another trace. */
export function linkToHere(): Link[] {
  const here = trace.getSpanContext(context.active());
  return here ? [{ context: here }] : [];
}

/**
 * An error's code, if it is one of Mooring's, of Node's or of a driver's; otherwise its class. Any other content of its fields
 * came from outside.
 */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return other;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (isErrorCode(code) || /^E[A-Z_]{3,30}$/.test(code)) return code;
  return /^[A-Z][A-Za-z]{0,40}(Error|Exception)$/.test(error.name) ? error.name : other;
}

/** The fallback value that the semantic conventions define. */
const other = "_OTHER";
