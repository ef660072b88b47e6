/** The timer behind access that ends (application/expiry/README.md). */
import { app } from "@azure/functions";
import { input } from "durable-functions";
import { acceptExpired } from "../../application/acceptance/acceptance.ts";
import { rejectAtEnd } from "../../application/expiry/rejectAtEnd.ts";
import { watchExpiry } from "../../application/expiry/watchExpiry.ts";
import { expiryCaller } from "../../domain/access/caller.ts";
import { traceOf } from "../../domain/watching/trace.ts";
import { acceptanceContextOf } from "../../http/changes/acceptanceContext.ts";
import type { Ports } from "../../ports/index.ts";

export function registerWatchExpiry(ports: Ports): void {
  app.timer("watchExpiry", {
    schedule: "*/30 * * * * *",
    extraInputs: [input.durableClient()],
    handler: async (_timer, context) => {
      const traceparent = traceOf({ caller: null, host: context.traceContext?.traceParent });
      const acceptance = acceptanceContextOf(ports, { context, by: expiryCaller, traceparent });
      const { client, warn } = acceptance;
      await watchExpiry(ports, context, {
        reject: (waiting, end) => rejectAtEnd({ ports, client, warn }, waiting, end),
        revoke: (namespaceRef, now) => acceptExpired(acceptance, namespaceRef, now),
      });
    },
  });
}
