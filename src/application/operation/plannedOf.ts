import { endsFirst } from "../../domain/operation/expiry.ts";
import type { Compensated } from "../../domain/operation/namespaceRecord.ts";
import type { OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { adminsOf, plannedSteps } from "../process/plannedSteps.ts";
import { hasLeftovers } from "../process/removeLeftovers.ts";

/**
 * The steps that the operation is for; all others are undos. Without the steps that have begun: every step that may begin.
 */
export function plannedOf(
  operation: Planned,
  begun?: readonly Pick<StepRecord, "name" | "target">[],
): readonly StepKey[] {
  const { kind, request, compensates } = operation;
  return plannedSteps(kind, request, { ...changeOf(operation, begun), undos: compensates?.undos });
}

/** What of an operation decides, beside its request, which steps and undos it has. */
export function changeOf(operation: Planned, begun?: readonly Pick<StepRecord, "name" | "target">[]) {
  const { request, earlier, takesOver, migration } = operation;
  const admins = begun ? adminsOf(begun) : [...new Set(request.databases.map(({ server }) => server))];
  const leftovers = !begun || hasLeftovers(begun);
  return { earlier, takesOver, endsFirst: endsFirst(operation), migration, admins, leftovers };
}

/** What of an operation decides its steps. */
export interface Planned
  extends Pick<OperationRecord, "kind" | "request" | "requestedBy" | "earlier" | "takesOver" | "migration"> {
  readonly compensates?: Pick<Compensated, "undos">;
}
