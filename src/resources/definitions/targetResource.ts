import type { ResourceStepName } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { type TargetKindName, type TargetStepName, targetKinds } from "../../domain/targets/index.ts";
import type { ResourceWithSteps, StepFacts } from "./resource.ts";

/** What the identity may do on targets of one kind: a step for each target, under the names that the kind defines. */
export function targetResource<Kind extends TargetKindName>(kindName: Kind): ResourceWithSteps<TargetStepName<Kind>> {
  const kind = targetKinds[kindName];
  const { grant, narrow, retire, revoke } = kind.steps;
  const forEach = (name: ResourceStepName, targets: readonly string[]) => targets.map((target) => ({ name, target }));
  return {
    making: "connect",
    leaving: "rights",
    steps: factsOf(kindName),
    ensure: (request) => forEach(grant, kind.keys(request)),
    remove: (request) => forEach(revoke, kind.keys(request)),
    replace(request: OnboardingRequest, earlier: OnboardingRequest) {
      const { narrowed, removed } = kind.replaced(request, earlier);
      return [...forEach(narrow, narrowed), ...forEach(retire, removed)];
    },
    undo: (request) => kind.keys(request).map((target) => `${revoke} ${target}` as const),
  };
}

function factsOf<Kind extends TargetKindName>(kindName: Kind) {
  const { grant, narrow, retire, revoke } = targetKinds[kindName].steps;
  const facts: Readonly<Record<string, StepFacts>> = {
    [grant]: { of: "target", stage: "connect" },
    [narrow]: { of: "target", stage: "replace" },
    [retire]: { of: "target", stage: "replace" },
    [revoke]: { of: "target", stage: "disconnect", undoes: [grant] },
  };
  // The compiler widens a computed key to string.
  return facts as Readonly<Record<TargetStepName<Kind>, StepFacts>>;
}
