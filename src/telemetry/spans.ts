/**
 * Spans, through the API of OpenTelemetry alone. Where no SDK is loaded (start.ts) the API does nothing, and each of these
 * comes down to calling `work`. What a span says is written at every place by hand: names and codes, never a token, a value
 * of a query, or a person.
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
import { isErrorCode } from "../domain/errors.ts";
import { readSpanContext, type Traceparent } from "../domain/watching/trace.ts";
import { logWithin } from "./logLine.ts";

export { SpanKind };

/** What the spans of a piece of work are about; each of them says so. */
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

/** Every span within `work` names the subject, together with what is around it, and every line of the log its operation. */
export function concerning<T>({ operation, step, cluster, namespace }: Subject, work: () => T): T {
  const named = without(undefined, {
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

/** A span around the work. One that fails says with which code, and not what the error's text repeats of the world. */
export async function inSpan<T>(
  name: string,
  { kind = SpanKind.INTERNAL, attributes = {}, links = [] }: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const all = { ...subjectOf(), ...without(undefined, attributes) };
  // Asked for each time: the SDK comes with a copy of the API of its own, and one that was asked for before it is there does
  // nothing for ever.
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

/** Continues the trace, unless the work is a part of it already: then the span that is open is the nearer parent. */
export function inTrace<T>(traceparent: Traceparent | undefined, work: () => T): T {
  const parent = readSpanContext(traceparent);
  if (!parent) return work();
  return logWithin({ traceId: parent.traceId }, () =>
    parent.traceId === trace.getSpanContext(context.active())?.traceId
      ? work()
      : context.with(trace.setSpanContext(context.active(), parent), work),
  );
}

/** The span that is open here, for a link from another trace. */
export function linkToHere(): Link[] {
  const here = trace.getSpanContext(context.active());
  return here ? [{ context: here }] : [];
}

/**
 * Of an error: its code, where that is one of Mooring's, of Node's or of a driver's, else its class. What else stands in its
 * fields came from outside.
 */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return other;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (isErrorCode(code) || /^E[A-Z_]{3,30}$/.test(code)) return code;
  return /^[A-Z][A-Za-z]{0,40}(Error|Exception)$/.test(error.name) ? error.name : other;
}

/** As the semantic conventions call it. */
const other = "_OTHER";

function without<T>(left: undefined, all: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter((each): each is [string, T] => each[1] !== left));
}
