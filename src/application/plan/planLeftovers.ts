import { stays } from "../../domain/operation/plan.ts";
import type { Look } from "../../resources/definitions/look.ts";
import { resourceLooks } from "../../resources/effects.ts";
import { everyResource } from "../../resources/index.ts";
import { strongest } from "../../resources/kubernetesObject/ensureObjects.ts";
import { isWanted } from "../../resources/plannedSteps.ts";

/** What would be removed of the identity mode that the namespace does not have. */
export const planLeftovers: Look = async (ports, input) => {
  const { request, step } = input;
  const removals = everyResource
    .filter((resource) => !isWanted(resource, request))
    .flatMap((resource) => resource.remove(request));
  const plans = await Promise.all(
    removals.map((removal) => resourceLooks[removal.name](ports, { ...input, step: removal })),
  );
  const notices = plans.flatMap((plan) => plan.notices ?? []);
  return {
    ...step,
    action: strongest(plans.map(({ action }) => action)),
    differences: plans.flatMap(({ differences }) => differences.filter(({ desired }) => desired !== stays)),
    blockers: plans.flatMap(({ blockers }) => blockers),
    ...(notices.length > 0 ? { notices } : {}),
  };
};
