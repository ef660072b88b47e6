/**
 * The sender's trace. Azure's SDKs write it as `Diagnostic-Id`, whose first letter the Functions SDK lowers; an envelope may
 * carry it as an attribute (CloudEvents, "Distributed Tracing" extension). The message's own takes precedence.
 */
import { z } from "zod";
import { readTraceparent, type Traceparent, traceOf } from "../../domain/watching/trace.ts";

const TraceProperties = z
  .object({ traceparent: z.unknown(), "diagnostic-Id": z.unknown(), "Diagnostic-Id": z.unknown() })
  .partial();
const TracedEnvelope = z.object({ specversion: z.string(), traceparent: z.unknown() });

export function traceOfMessage(body: unknown, properties: unknown, host?: string | null): Traceparent {
  const found = TraceProperties.safeParse(properties).data ?? {};
  const ofMessage =
    readTraceparent(found.traceparent) ?? readTraceparent(found["diagnostic-Id"] ?? found["Diagnostic-Id"]);
  const caller = ofMessage ?? TracedEnvelope.safeParse(body).data?.traceparent;
  return traceOf({ caller, host });
}
