/** What a repair removes, and an offboarding, by a look that knows how. */
import type { IdentityPair } from "../../domain/naming/identityPair.ts";
import { newestIdentity } from "../../domain/operation/identities.ts";
import { type Difference, toStepPlan } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { Surplus } from "./resource.ts";

interface Found {
  readonly differences: readonly Difference[];
  readonly takeAway: () => Promise<void>;
}

type Find = (ports: Ports, request: OnboardingRequest, isOffboarding: boolean) => Promise<readonly Found[]>;

/** Whose surplus is looked for where each place costs a login: a repair looks, an offboarding where the last look found some. */
export async function holderOf(
  { registry }: Pick<Ports, "registry">,
  request: OnboardingRequest,
  isOffboarding: boolean,
): Promise<IdentityPair | undefined> {
  const record = await registry.getNamespace(request);
  const isLookedFor = !isOffboarding || record?.findings?.some(({ code }) => code === "GRANT_SURPLUS");
  return record && isLookedFor ? newestIdentity(record) : undefined;
}

export function surplusOf(find: Find): Surplus {
  return {
    outlastsSteps: true,
    async look(ports, request, step, isOffboarding) {
      const found = await find(ports, request, isOffboarding);
      const differences = found.flatMap((each) => each.differences);
      return toStepPlan(step, { action: found.length > 0 ? "delete" : "none", differences });
    },
    async run(ports, { request, isOffboarding }, step) {
      const found = await find(ports, request, isOffboarding);
      if (found.length === 0) return "none";
      await step.willDo(
        "delete",
        found.flatMap((each) => each.differences),
      );
      for (const { takeAway } of found) await takeAway();
      return "delete";
    },
  };
}
