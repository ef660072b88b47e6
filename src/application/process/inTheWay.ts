/** What is in the way of a removal: it stops that step alone, unless it protects what is others'. */
import { isCode, type PermanentCode } from "../../domain/errors.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { changesAny, type Plan, type StepPlan } from "../../domain/operation/plan.ts";
import { resourceSteps, resources } from "../../resources/index.ts";

type Names = ReadonlySet<string>;

const stepsLeaving = (...reasons: readonly string[]): Names =>
  new Set(
    Object.values(resources)
      .filter(({ leaving }) => reasons.includes(leaving))
      .flatMap((resource) => Object.keys(resource.steps)),
  );

/** Revoke what the identity may do. */
export const rights = stepsLeaving("rights");
/** Revoke what lets somebody become the identity, and what that may do. */
const access = stepsLeaving("access", "credential", "rights");
/** Remove what a change replaces. */
const replacing: Names = new Set(
  Object.values(resourceSteps)
    .filter(({ stage }) => stage === "replace")
    .map(({ name }) => name),
);

/** Whether a change can revoke something now. */
export function removesAny(plan: Plan): boolean {
  return changesAny(plan, replacing);
}

/** Others use the identity, which goes with its access. */
const ofOthers: ReadonlySet<string> = new Set<PermanentCode>([
  "SHARED_IDENTITY_IN_USE",
  "IDENTITY_FEDERATED_BY_OTHERS",
  "IDENTITY_USED_BY_OTHERS",
  "IDENTITY_BOUND_BY_OTHERS",
  "IDENTITY_HAS_ROLES",
]);

/**
 * The plan of an offboarding. While it can revoke something, only what others have stops it; where access has ended, only what guests have,
 * whose own has not.
 */
export function besideOffboarding(
  plan: Plan,
  { endsFirst = false }: { readonly endsFirst?: boolean | undefined },
): Plan {
  const isVeto = ({ code }: OperationError) =>
    endsFirst ? isCode(code, "SHARED_IDENTITY_IN_USE") : ofOthers.has(code);
  const isStopped = !changesAny(plan, access) || plan.steps.some(({ blockers }) => blockers.some(isVeto));
  return isStopped ? plan : asideOf(plan, () => true);
}

/** The plan of a change that removes last. While it can revoke something, each removal that cannot be done stops only itself. */
export function besideChange(plan: Plan): Plan {
  return removesAny(plan) ? asideOf(plan, ({ name }) => replacing.has(name)) : plan;
}

/** What is in the way of these steps is said, and left to them. */
function asideOf({ steps, ...plan }: Plan, isLeft: (step: StepPlan) => boolean): Plan {
  const left = steps.map((step) =>
    step.blockers.length > 0 && isLeft(step)
      ? { ...step, blockers: [], notices: [...step.blockers, ...(step.notices ?? [])] }
      : step,
  );
  return { ...plan, steps: left, blocked: left.some(({ blockers }) => blockers.length > 0) };
}

/** Whether a removal of the plan is left to a step that will fail if nothing changes. */
export function isHeld({ steps }: Plan): boolean {
  return steps.some(({ action, blockers }) => action === "conflict" && blockers.length === 0);
}
