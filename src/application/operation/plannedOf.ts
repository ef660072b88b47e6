import { endsFirst } from "../../domain/operation/expiry.ts";
import type { Compensated } from "../../domain/operation/namespaceRecord.ts";
import type { OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { adminsOf, plannedSteps } from "../process/plannedSteps.ts";

/**
 * The steps that the operation is for; all others are undos. Without the steps that have begun: every step that may begin.
 */
export function plannedOf(
  operation: Planned,
  begun?: readonly Pick<StepRecord, "name" | "target">[],
): readonly StepKey[] {
  const { kind, request, earlier, migration, compensates } = operation;
  const admins = begun ? adminsOf(begun) : [...new Set(request.databases.map(({ server }) => server))];
  const undos = compensates?.undos;
  return plannedSteps(kind, request, { earlier, endsFirst: endsFirst(operation), migration, undos, admins });
}

/** What of an operation decides its steps. */
export interface Planned extends Pick<OperationRecord, "kind" | "request" | "requestedBy" | "earlier" | "migration"> {
  readonly compensates?: Pick<Compensated, "undos">;
}
