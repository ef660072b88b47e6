/** Mends what a crash left between two writes: accepted but never started, decided but never woken, ended but never recorded. */

import { app, type InvocationContext } from "@azure/functions";
import { type DurableClient, getClient, input, OrchestrationRuntimeStatus } from "durable-functions";
import { remindOfApproval } from "../activities/approval.ts";
import { concludeOperation } from "../activities/outcome.ts";
import { logLine } from "../domain/logLine.ts";
import { toOperationError } from "../domain/plan.ts";
import { findInstance } from "../durable/orchestration.ts";
import type { NamespaceRecord, Ports, Stored } from "../ports.ts";
import { kindOf, operationOf, startOperation } from "./acceptance.ts";
import { wake } from "./decisions.ts";
import { findPhase } from "./operations.ts";

/** A request that is being accepted this moment starts its operation itself. */
const graceMs = 10_000;

const dead: readonly OrchestrationRuntimeStatus[] = [
  OrchestrationRuntimeStatus.Completed,
  OrchestrationRuntimeStatus.Failed,
  OrchestrationRuntimeStatus.Terminated,
  OrchestrationRuntimeStatus.Canceled,
];

export function registerStartAccepted(ports: Ports): void {
  app.timer("startAccepted", {
    schedule: "*/15 * * * * *",
    runOnStartup: true,
    extraInputs: [input.durableClient()],
    handler: async (_timer, context) => {
      const client = getClient(context);
      const before = Date.now() - graceMs;
      for (const record of await ports.registry.heldNamespaces()) {
        if (Date.parse(record.acceptedTime) < before) await mend(ports, client, record, context);
        else await tendApproval(ports, client, record.operation, context);
      }
    },
  });
}

async function mend(
  ports: Ports,
  client: DurableClient,
  record: Stored<NamespaceRecord>,
  context: InvocationContext,
): Promise<void> {
  const { operation, cluster, namespace, request, requestedBy, team, traceparent } = record;
  const instance = await findInstance(client, operation);
  if (!instance) {
    context.warn(logLine("starting an accepted operation", { operation, cluster, namespace }));
    await ports.registry.insertOperation(operationOf(record));
    await startOperation(client, ports, record);
  } else if (dead.includes(instance.runtimeStatus)) {
    // The orchestration ended without opening the gate: nobody will, so it is opened here.
    context.warn(logLine("recording the end of an operation", { operation, runtimeStatus: instance.runtimeStatus }));
    const message = `The orchestration ended as ${instance.runtimeStatus} without an outcome.`;
    const error = toOperationError("UNEXPECTED", message);
    await concludeOperation(ports, {
      operation,
      cluster,
      namespace,
      kind: kindOf(record),
      request,
      requestedBy,
      team,
      traceparent,
      status: "Failed",
      error,
      leftBehind: true,
    });
  } else {
    await tendApproval(ports, client, operation, context);
  }
}

/** Reminds of an approval that is due; wakes what was decided and, after a crash, never woken. */
async function tendApproval(
  ports: Ports,
  client: DurableClient,
  operation: string,
  context: InvocationContext,
): Promise<void> {
  const record = await ports.registry.getOperation(operation);
  if (!record?.approval) return;
  if (record.approval.decision === undefined && !record.cancel) {
    await remindOfApproval(ports, record, Date.now());
  } else if ((await findPhase(client, record)) === "awaitingApproval") {
    await wake(client, record, context);
  }
}
