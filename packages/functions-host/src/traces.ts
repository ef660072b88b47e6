/**
 * The host's own spans, through the OpenTelemetry API: they are recorded if the app, which runs in the same process, has loaded
 * an SDK, and otherwise cost next to nothing.
 */
import {
  type Attributes,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { InvocationInput, RegisteredFunction } from "./app.ts";

export interface SpanDescription {
  /** The library that would make it in Azure. */
  readonly source: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly parent: string | undefined;
  readonly attributes: Attributes;
}

export function openSpan({ source, name, kind, parent, attributes }: SpanDescription): Span {
  const remote = readTraceParent(parent);
  const around = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
  return trace.getTracer(source).startSpan(name, { kind, attributes }, around);
}

/** Undefined when no SDK records spans and no trace came from outside. */
export function traceParentOf(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (!isSpanContextValid(span.spanContext())) return undefined;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

export function endSpan(span: Span, failure?: string): void {
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
  span.end();
}

/** Whether an SDK records spans: only then does an opened span have its own id instead of its parent's. */
export function areKept(): boolean {
  return propagation.fields().length > 0;
}

function readTraceParent(text: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** The span of what a trigger starts: a request, the processing of a message, the run of a timer. */
export async function inInvocationSpan<T>(
  definition: RegisteredFunction,
  input: InvocationInput,
  invoke: (input: InvocationInput) => Promise<T>,
): Promise<T> {
  if (!areKept()) return await invoke(input);
  const span = openSpan({ ...describeInvocation(definition, input), parent: input.traceParent });
  const own = traceParentOf(span);
  try {
    // The app learns its parent from the invocation's trace context, as it does in a separate worker.
    const done = await context.with(ROOT_CONTEXT, () => invoke({ ...input, ...(own ? { hostSpan: own } : {}) }));
    endSpan(span);
    return done;
  } catch (error) {
    // The message is in the log.
    endSpan(span, error instanceof Error ? error.name : "Error");
    throw error;
  }
}

function describeInvocation({ name, trigger }: RegisteredFunction, input: InvocationInput) {
  const attributes = { "faas.name": name };
  switch (trigger.type.toLowerCase()) {
    case "httptrigger": {
      const { method = "HTTP" } = input;
      const route = `/${typeof trigger["route"] === "string" ? trigger["route"] : name}`;
      const more = { "http.request.method": method, "http.route": route };
      return {
        source: "Microsoft.AspNetCore",
        name: `${method} ${route}`,
        kind: SpanKind.SERVER,
        attributes: { ...attributes, ...more },
      };
    }
    case "servicebustrigger": {
      const more = { "messaging.system": "servicebus" };
      return {
        source: "Azure.Messaging.ServiceBus",
        name: "ServiceBusProcessor.ProcessMessage",
        kind: SpanKind.CONSUMER,
        attributes: { ...attributes, ...more },
      };
    }
    default:
      return { source: "Microsoft.Azure.WebJobs", name, kind: SpanKind.INTERNAL, attributes };
  }
}
