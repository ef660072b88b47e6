/** The steps of an operation, in the order in which a status document shows them: a walk over all resources. */
import { type Migration, MigrationPhase, otherMode, reaches, targetOf } from "../domain/operation/migration.ts";
import type { OperationKind } from "../domain/operation/operation.ts";
import type { ProcessStepName, StepKey, StepName } from "../domain/operation/stepName.ts";
import type { IdentityMode, OnboardingRequest } from "../domain/request/request.ts";
import { everyKind } from "../domain/targets/index.ts";
import { type Leaving, makingStages, ofNamespace, type Resource } from "./definitions/resource.ts";
import { everyResource } from "./index.ts";
import { undoStep } from "./undoStages.ts";

export interface PlannedWith {
  /** For a change, or an offboarding after a change that ended partway: the request that is replaced. */
  readonly earlier?: OnboardingRequest | undefined;
  /** The SQL servers whose administrator is set; the steps that have begun say which (`adminsOf`). */
  readonly admins?: readonly string[] | undefined;
  /** For a compensation: the names of the undos that it runs. */
  readonly undos?: readonly string[] | undefined;
  /** How far a migration is to go. For an offboarding or a repair: one under way, so that both identity modes may exist. */
  readonly migration?: Pick<Migration, "to" | "until"> | undefined;
}

export function plannedSteps(
  kind: OperationKind,
  request: OnboardingRequest,
  { earlier, undos = [], migration, admins = [] }: PlannedWith = {},
): readonly StepKey[] {
  const process = (name: ProcessStepName) => ofNamespace(name, request);
  const replaced = earlier ? everyResource.flatMap((resource) => resource.replace?.(request, earlier) ?? []) : [];
  switch (kind) {
    case "onboard":
    case "change":
      return [process("preflight"), ...made(request, admins), process("verify"), ...replaced];
    case "repair":
      return [
        process("checkNamespace"),
        ...made(request, admins),
        // During a migration both identity modes exist side by side, and neither is left over.
        ...(migration ? [] : [process("removeLeftovers")]),
        process("verify"),
        ...replaced,
      ];
    case "offboard":
      return [
        process("checkDependants"),
        // Access that is revoked entirely need not be narrowed first.
        ...replaced.filter(({ name }) => !everyKind.some(({ steps }) => steps.narrow === name)),
        ...removed(request, { both: migration !== undefined }),
        process("verifyRemoval"),
      ];
    case "migrate":
      return migrationSteps(request, migration ?? { until: "retire" });
    case "compensate":
      return undos.flatMap((undo) => undoStep(request, undo) ?? []);
  }
}

export function isWanted({ mode }: Resource, { identityMode }: Pick<OnboardingRequest, "identityMode">): boolean {
  return mode === undefined || mode === identityMode;
}

/** The servers whose administrator an operation has begun to set, according to its steps. */
export function adminsOf(steps: readonly { readonly name: string; readonly target: string }[]): readonly string[] {
  const setting: StepName = "ensureSqlAdmin";
  return steps.filter(({ name }) => name === setting).map(({ target }) => target);
}

function made(request: OnboardingRequest, admins: readonly string[]): readonly StepKey[] {
  const wanted = everyResource.filter((resource) => isWanted(resource, request));
  return makingStages.flatMap((stage) =>
    wanted.filter(({ making }) => making === stage).flatMap((resource) => resource.ensure(request, admins)),
  );
}

/** Pods' access to the identity and the identity's rights go at the same time; then the rest, one by one. */
const removalOrder: readonly Leaving[] = ["access", "rights", "credential", "identity", "namespace"];

/** With `both`, what the other identity mode may have left also goes, and before what the request has. */
function removed(request: OnboardingRequest, { both }: { readonly both: boolean }): readonly StepKey[] {
  const leaving = everyResource.filter((resource) => both || resource.leavesInAnyMode || isWanted(resource, request));
  return removalOrder.flatMap((reason) =>
    leaving
      .filter((resource) => resource.leaving === reason)
      .toSorted((a, b) => Number(isWanted(a, request)) - Number(isWanted(b, request)))
      .flatMap((resource) => resource.remove(request)),
  );
}

/** The resources that only this identity mode has. */
export function resourcesOfMode(mode: IdentityMode): readonly Resource[] {
  return everyResource.filter((resource) => resource.mode === mode);
}

type Way = Pick<Migration, "to">;

function migrationSteps(request: OnboardingRequest, migration: Way & Pick<Migration, "until">): readonly StepKey[] {
  const phases = migrationPhases(request, migration);
  const proof = reaches("retire", migration) ? [ofNamespace("verify", request)] : [];
  return [...MigrationPhase.options.flatMap((phase) => (reaches(phase, migration) ? phases[phase] : [])), ...proof];
}

/** The steps of each phase. The final verification follows the last one. */
export function migrationPhases(
  request: OnboardingRequest,
  migration: Way,
): Readonly<Record<MigrationPhase, readonly StepKey[]>> {
  const mode = targetOf(migration);
  const process = (name: ProcessStepName) => ofNamespace(name, request);
  return {
    inventory: [process("takeInventory")],
    sideBySide: resourcesOfMode(mode).flatMap((resource) => resource.ensure(request)),
    verify: [process("verifySideBySide")],
    cutOver: [process("cutOver")],
    retire: [
      process("checkPods"),
      ...resourcesOfMode(otherMode(mode))
        .toReversed()
        .flatMap((resource) => resource.remove(request)),
    ],
  };
}
