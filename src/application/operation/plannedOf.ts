import type { OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { adminsOf, plannedSteps } from "../process/plannedSteps.ts";

/**
 * The steps that the operation is for; all others are undos. Without the steps that have begun: every step that may begin.
 */
export function plannedOf(operation: OperationRecord, begun?: readonly StepRecord[]): readonly StepKey[] {
  const { kind, request, earlier, migration, compensates } = operation;
  const admins = begun ? adminsOf(begun) : [...new Set(request.databases.map(({ server }) => server))];
  return plannedSteps(kind, request, { earlier, migration, undos: compensates?.undos, admins });
}
