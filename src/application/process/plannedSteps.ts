/** The steps of an operation, in the order in which a status document shows them. */
import { type Migration, MigrationPhase, reaches, unusualMode } from "../../domain/operation/migration.ts";
import type { OperationKind } from "../../domain/operation/operation.ts";
import type { StepKey, StepName } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import { steps } from "./index.ts";
import { forwardStages, migrationPhases, onNamespace, removed, replaced } from "./stages.ts";
import { undoStep } from "./undoStages.ts";

export interface PlannedWith {
  /** For a change, or an offboarding after a change that ended partway: the request that is replaced. */
  readonly earlier?: OnboardingRequest | undefined;
  /** A change for another team: what only the first one may have goes before anything is made (docs/adr/0007). */
  readonly takesOver?: boolean | undefined;
  /** For a change: whether it revokes what has ended before anything else. It then gives nothing. */
  readonly endsFirst?: boolean | undefined;
  /** The SQL servers whose administrator is set; the steps that have begun say which (`adminsOf`). */
  readonly admins?: readonly string[] | undefined;
  /** For an offboarding: whether it removes what is left over (`hasLeftovers`). */
  readonly leftovers?: boolean | undefined;
  /** For a compensation: the names of the undos that it runs. */
  readonly undos?: readonly string[] | undefined;
  /** How far a migration is to go. For an offboarding or a repair: one under way, so that both identity modes may exist. */
  readonly migration?: Pick<Migration, "to" | "from" | "until"> | undefined;
}

export function plannedSteps(
  kind: OperationKind,
  request: OnboardingRequest,
  {
    earlier,
    takesOver = false,
    endsFirst = false,
    undos = [],
    migration,
    admins = [],
    leftovers = false,
  }: PlannedWith = {},
): readonly StepKey[] {
  const operation: OperationFacts = { kind, request, earlier, endsFirst };
  const own = (name: StepName) => onNamespace(name, operation);
  const stages = forwardStages(operation, { admins, takesOver });
  const made = stages.flatMap((stage) => stage.steps);
  switch (kind) {
    case "onboard":
    case "change": {
      const removesFirst = stages.some(({ name }) => name === "takeAway");
      return [own("preflight"), ...made, own("verify"), ...(removesFirst ? [] : replaced(operation))];
    }
    case "repair":
      return [
        own("checkNamespace"),
        ...made,
        // During a migration both identity modes exist side by side, and neither is left over.
        ...(migration ? [] : [own("removeLeftovers")]),
        own("verify"),
      ];
    case "offboard": {
      const { together, afterwards } = removed({
        ...operation,
        isMigrating: migration !== undefined,
        ...unusualMode(request, migration),
      });
      const left = leftovers ? [own("removeLeftovers")] : [];
      return [own("checkDependants"), ...together, ...left, ...afterwards, own("verifyRemoval")];
    }
    case "migrate":
      return migrationSteps(request, migration ?? { until: "retire" });
    case "compensate":
      return undos.flatMap((undo) => undoStep(request, undo) ?? []);
  }
}

/** The servers whose administrator an operation has begun to set, according to its steps. */
export function adminsOf(begun: readonly { readonly name: string; readonly target: string }[]): readonly string[] {
  return begun.filter(({ name }) => name === steps.ensureSqlAdmin.name).map(({ target }) => target);
}

function migrationSteps(
  request: OnboardingRequest,
  migration: Pick<Migration, "to" | "from" | "until">,
): readonly StepKey[] {
  const phases = migrationPhases(request, migration);
  const proof = reaches("retire", migration) ? [onNamespace("verify", { kind: "migrate", request })] : [];
  return [...MigrationPhase.options.flatMap((phase) => (reaches(phase, migration) ? phases[phase] : [])), ...proof];
}
