import { z } from "zod";
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { strongest } from "../../domain/operation/actions.ts";
import { PerhapsModes, readModes, recordModes } from "../../domain/operation/migration.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type Difference, type StepPlan, stays } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { lookAt, unlessDropped } from "../../resources/definitions/leftCatalog.ts";
import { replacesAccount } from "../../resources/definitions/operationFacts.ts";
import type { Resource, StepKeys, Surplus } from "../../resources/definitions/resource.ts";
import { defineStep, type Given, inputOf, type Planning, type StepContext } from "../../resources/definitions/step.ts";
import { isOfEveryMode, isWanted, leftByOtherModes, resourceSteps, resourcesFor } from "../../resources/index.ts";

const given = {
  request: OnboardingRequest,
  /** While a migration has both modes side by side, neither is left over. Since 0.2.0. */
  isMigrating: z.boolean().optional(),
  /** What other steps of the offboarding remove is not left over. Since 0.2.0. */
  offboarding: PerhapsModes.extend({
    /** An earlier change has left its service account to a step of its own. */
    replaces: z.boolean().optional(),
  }).optional(),
};

/**
 * Removes what Mooring made for an identity mode that the namespace does not have, and what no record asks for. An offboarding, and a
 * repair in the middle of a migration, have the step where their plan finds some of it: the registry may have lost the row of a namespace
 * that had two modes.
 */
export const removeLeftovers = defineStep({
  name: "removeLeftovers",
  target: "namespace",
  looksElsewhere: true,
  given,
  from: (operation) => {
    const { kind, request, modeBeside } = operation;
    if (kind !== "offboard") return { request, ...(modeBeside ? { isMigrating: true } : {}) };
    const replaces = replacesAccount(operation) || undefined;
    return { request, offboarding: defined({ ...recordModes(request, modeBeside), replaces }) };
  },
  async look(ports, input, planning) {
    const { index } = ports;
    const mayBeKnown = index && input.offboarding === undefined && !(await hasKnownSurplus(ports, input.request));
    const known = mayBeKnown ? await lookForAll(index.elsewhere(ports), input, planning) : undefined;
    return known?.action === "none" && known.blockers.length === 0 ? known : await lookForAll(ports, input, planning);
  },
  async run({ request, isMigrating, offboarding, ...base }, ports, step) {
    const { removals, surpluses } = leftoversOf(ports, { request, isMigrating, offboarding });
    const all = collecting(step);
    const operation = { kind: "repair", request } as const;
    const acts = [
      ...removals.map(({ name, target }) => async () => {
        const definition = resourceSteps[name];
        return (await definition.run(inputOf(definition, base, { operation, target }), ports, all)).action;
      }),
      ...surpluses.map(
        (each) => () => each.run(ports, { ...base, request, isOffboarding: offboarding !== undefined }, all),
      ),
    ];
    const actions: StepAction[] = [];
    const failures: unknown[] = [];
    // Each by itself: what fails keeps no other from going.
    for (const act of acts)
      await act().then(
        (action) => actions.push(action),
        (error: unknown) => failures.push(error),
      );
    if (failures.length > 0) throw failures[0];
    return { action: strongest(actions) };
  },
});

async function lookForAll(
  ports: Ports,
  { operation, ...input }: Given<typeof given> & { readonly operation: string },
  planning: Planning,
): Promise<StepPlan> {
  const { request } = input;
  const { removals: keys, surpluses: others } = leftoversOf(ports, input);
  const removals = keys.map((step) => lookAt(resourceSteps[step.name], ports, operation, { ...planning, step }));
  const surpluses = others.map((each) => each.look(ports, request, planning.step, input.offboarding !== undefined));
  const plans = (await Promise.all([...removals, ...surpluses])).filter((plan) => plan !== undefined);
  const notices = plans.flatMap((plan) => plan.notices ?? []);
  return defined({
    ...planning.step,
    action: strongest(plans.map(({ action }) => action)),
    differences: plans.flatMap(({ differences }) => differences.filter(({ desired }) => desired !== stays)),
    blockers: plans.flatMap(({ blockers }) => blockers),
    notices: unlessEmpty(notices),
  });
}

/** What the last look has found is removed, however old the lists are that it was not in. */
async function hasKnownSurplus({ registry }: Pick<Ports, "registry">, request: OnboardingRequest): Promise<boolean> {
  const { findings = [] } = (await registry.getNamespace(request)) ?? {};
  return findings.some(({ code }) => code.endsWith("_SURPLUS"));
}

/** Whether the step is one of these. */
export function hasLeftovers(steps: readonly { readonly name: string }[]): boolean {
  return steps.some(({ name }) => name === removeLeftovers.name);
}

/** An operation that has the step only where there is something to remove does not show it otherwise. */
export function isNeeded(step: StepPlan): boolean {
  return !hasLeftovers([step]) || step.action !== "none";
}

interface Leftovers {
  readonly removals: StepKeys;
  readonly surpluses: readonly Surplus[];
}

function leftoversOf(
  { catalog }: Pick<Ports, "catalog">,
  { request, isMigrating, offboarding }: Given<typeof given>,
): Leftovers {
  const removalsOf = (resources: readonly Resource[]) =>
    resources.flatMap((resource) => resource.remove({ kind: "repair", request }));
  const every = resourcesFor(request);
  if (!offboarding) {
    const judged = isMigrating ? every.filter(isOfEveryMode) : every;
    const unwanted = judged.filter((resource) => !isWanted(resource, request));
    return { removals: removalsOf(unwanted), surpluses: judged.flatMap(({ surplus = [] }) => surplus) };
  }
  const surpluses = every.flatMap(({ surplus = [] }) => surplus).filter(({ outlastsSteps }) => outlastsSteps);
  return unlessDropped(
    () => ({
      removals: removalsOf(leftByOtherModes(catalog, { request, modeBeside: readModes(request, offboarding) })),
      surpluses: offboarding.replaces ? [] : surpluses,
    }),
    // Its other steps say what the catalog has dropped.
    () => ({ removals: [], surpluses: [] }),
  );
}

/** Collects what a step announces in several parts, so that its record ends with all of them. */
function collecting(step: StepContext): StepContext {
  const said: Difference[] = [];
  return {
    ...step,
    willDo(action, differences = []) {
      said.push(...differences);
      return step.willDo(action, said);
    },
  };
}
