import { endsFirst } from "../../domain/operation/expiry.ts";
import { besideOf } from "../../domain/operation/migration.ts";
import type { Compensated } from "../../domain/operation/namespaceRecord.ts";
import { programOf } from "../../domain/operation/program.ts";
import type { OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import { type Known, knownOf, plannedSteps } from "../process/programs.ts";
import { undoStep } from "../process/undoStages.ts";

/** What of an operation decides its steps. */
export interface Planned
  extends Pick<OperationRecord, "kind" | "request" | "requestedBy" | "earlier" | "moved" | "takesOver" | "migration"> {
  readonly compensates?: Pick<Compensated, "undos">;
}

type Begun = readonly Pick<StepRecord, "name" | "target">[];

/** The steps that the operation is for; all others are undos. Without the steps that have begun: every step that may begin. */
export function plannedOf(operation: Planned, begun?: Begun): readonly StepKey[] {
  return plannedSteps(courseOf(operation), knownIn(operation, begun));
}

export function courseOf({
  kind,
  request,
  earlier,
  moved,
  takesOver,
  migration,
  requestedBy,
}: Planned): OperationFacts {
  const program = programOf({ kind, takesOver, endsFirst: endsFirst({ kind, requestedBy }) });
  // Any other operation only meets a migration.
  const modes = kind === "migrate" ? { migration } : { modeBeside: besideOf(request, migration) };
  return { kind, program, request, earlier, moved, ...modes };
}

export function knownIn({ request, compensates }: Pick<Planned, "request" | "compensates">, begun?: Begun): Known {
  const known = begun
    ? knownOf(begun)
    : { admins: [...new Set(request.databases.map(({ server }) => server))], hasLeftovers: true };
  return { ...known, undos: compensates?.undos.flatMap((undo) => undoStep(request, undo) ?? []) };
}
