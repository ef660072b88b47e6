import { defined, unlessEmpty } from "../../domain/defined.ts";
import { strongest } from "../../domain/operation/actions.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type Difference, stays } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { lookAt } from "../../resources/definitions/leftCatalog.ts";
import type { StepKeys, Surplus } from "../../resources/definitions/resource.ts";
import { defineStep, inputOf, type StepContext } from "../../resources/definitions/step.ts";
import { isWanted, resourceSteps, resourcesFor } from "../../resources/index.ts";

/** Removes what Mooring made for an identity mode that the namespace does not have, and what no record asks for. */
export const removeLeftovers = defineStep({
  name: "removeLeftovers",
  target: "namespace",
  given: { request: OnboardingRequest },
  from: ({ request }) => ({ request }),
  async look(ports, { operation, request }, planning) {
    const removals = removalsOf(request).map((step) =>
      resourceSteps[step.name].use((definition) => lookAt(definition, ports, operation, { ...planning, step })),
    );
    const surpluses = surplusesOf(request).map((each) => each.look(ports, request, planning.step));
    const plans = (await Promise.all([...removals, ...surpluses])).filter((plan) => plan !== undefined);
    const notices = plans.flatMap((plan) => plan.notices ?? []);
    return defined({
      ...planning.step,
      action: strongest(plans.map(({ action }) => action)),
      differences: plans.flatMap(({ differences }) => differences.filter(({ desired }) => desired !== stays)),
      blockers: plans.flatMap(({ blockers }) => blockers),
      notices: unlessEmpty(notices),
    });
  },
  async run({ request, ...base }, ports, step) {
    const all = collecting(step);
    const actions: StepAction[] = [];
    for (const { name, target } of removalsOf(request)) {
      const operation = { kind: "repair", request } as const;
      const { action } = await resourceSteps[name].use((definition) =>
        definition.run(inputOf(definition, base, { operation, target }), ports, all),
      );
      actions.push(action);
    }
    for (const each of surplusesOf(request)) actions.push(await each.takeAway(ports, { ...base, request }, all));
    return { action: strongest(actions) };
  },
});

function removalsOf(request: OnboardingRequest): StepKeys {
  return resourcesFor(request)
    .filter((resource) => !isWanted(resource, request))
    .flatMap((resource) => resource.remove({ kind: "repair", request }));
}

function surplusesOf(request: OnboardingRequest): readonly Surplus[] {
  return resourcesFor(request).flatMap(({ surplus = [] }) => surplus);
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
