import { stays } from "../../domain/operation/plan.ts";
import type { Look } from "../../resources/definitions/look.ts";
import { resourceLooks, resourcesWithEffects } from "../../resources/effects.ts";
import { strongest } from "../../resources/kubernetesObject/ensureObjects.ts";
import { isWanted } from "../../resources/plannedSteps.ts";

/** What would be removed of the identity mode that the namespace does not have, and of what no record asks for. */
export const planLeftovers: Look = async (ports, input) => {
  const { request, step } = input;
  const plans = await Promise.all(
    resourcesWithEffects.flatMap(({ resource, effects: { surplus } }) => [
      ...(isWanted(resource, request) ? [] : resource.remove(request)).map((removal) =>
        resourceLooks[removal.name](ports, { ...input, step: removal }),
      ),
      ...(surplus ? [surplus.look(ports, input)] : []),
    ]),
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
