import { isFinal } from "../../domain/operation/operation.ts";
import type { Difference } from "../../domain/operation/plan.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import { endsOf } from "../../domain/request/expiry.ts";
import type { Ports } from "../../ports/index.ts";
import { amendOperation } from "../amend.ts";
import { appendDecision } from "../watching/audit.ts";
import { publishStatus } from "../watching/statusEvent.ts";
import type { Origin } from "./origin.ts";

/** Records and publishes that the operation runs. Does neither if it has ended: the step that says so may be delivered again. */
export async function recordStart(ports: Ports, input: Origin & Pick<OperationRecord, "kind">): Promise<void> {
  const { operation: id, kind: what } = input;
  const known = await ports.registry.getOperation(id);
  if (known && isFinal(known.status)) return;
  const begin = ({ status }: OperationRecord) =>
    status === "NotStarted" ? { status: "Running" as const, startTime: new Date().toISOString() } : undefined;
  await Promise.all([
    amendOperation(ports.registry, id, begin, known),
    // Here, and not where the request is answered: there a crash could lose it, and the caller would have to wait for it.
    appendDecision(ports, input, { id, what, action: "accepted", outcome: "Running", differences: endsIn(known) }),
    publishStatus(ports, { ...input, id }, { status: "Running", phase: "preflight" }),
  ]);
}

/** When access ends now and before: who renews it decides about that. */
function endsIn(operation: OperationRecord | undefined): readonly Difference[] {
  if (!operation || operation.kind === "offboard") return [];
  const [before, after] = [operation.earlier, operation.request].map((request) => request && endsOf(request));
  const keys = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...keys].flatMap((key) => {
    const [current, desired] = [before?.get(key) ?? null, after?.get(key) ?? null];
    return current === desired ? [] : [{ field: `${key} ends`, current, desired }];
  });
}
