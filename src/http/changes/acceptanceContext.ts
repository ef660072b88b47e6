import type { InvocationContext } from "@azure/functions";
import { getClient } from "durable-functions";
import type { AcceptanceContext } from "../../application/acceptance/acceptance.ts";
import type { Caller } from "../../domain/access/caller.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports/index.ts";

/** For a function that has the durable client among its inputs. */
export function acceptanceContextOf(
  ports: Ports,
  {
    context,
    by,
    traceparent,
  }: { readonly context: InvocationContext; readonly by: Caller; readonly traceparent: Traceparent },
): AcceptanceContext {
  return { ports, client: getClient(context), by, traceparent, warn: context.warn.bind(context) };
}
