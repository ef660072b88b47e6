/**
 * Recovers what a crash left between two writes: operations accepted but never started, decided but never woken, or ended but
 * never recorded.
 */

import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import type { Backlog } from "../../application/queue/backlog.ts";
import { reconcileBatches } from "../../application/recovery/reconcileBatches.ts";
import { reconcileApproval, recoverOperation } from "../../application/recovery/recoverOperation.ts";
import { graceMs } from "../../application/recovery/recoveryContext.ts";
import { hasPassed } from "../../domain/hasPassed.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { kindOf } from "../../domain/operation/lifecycle.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { operationAge } from "../../telemetry/metrics.ts";

export function registerStartAccepted(ports: Ports, backlog: Backlog): void {
  app.timer("startAccepted", {
    schedule: "*/15 * * * * *",
    runOnStartup: true,
    extraInputs: [input.durableClient()],
    handler: async (_timer, context) => {
      const client = getClient(context);
      const before = Date.now() - graceMs;
      const recovery = { ports, client, warn: context.warn.bind(context) };
      const held = await ports.registry.heldNamespaces();
      for (const record of held) {
        try {
          const isOld = hasPassed(Date.parse(record.acceptedTime), 1, before);
          const waits = isOld
            ? await recoverOperation(recovery, record)
            : await reconcileApproval(recovery, record.operation);
          const seconds = (Date.now() - Date.parse(record.acceptedTime)) / 1_000;
          operationAge.record(seconds, { kind: kindOf(record), waitsForPerson: waits ? "yes" : "no" });
        } catch (error) {
          // An operation that cannot be recovered now must not keep the others waiting; the next tick tries again.
          context.warn(
            logLine("operation not recovered", {
              operation: record.operation,
              reason: messageOf(error),
              traceId: traceIdIn(record),
            }),
          );
        }
      }
      await reconcileBatches(recovery, { held, before });
      await backlog.reconcile(recovery);
    },
  });
}
