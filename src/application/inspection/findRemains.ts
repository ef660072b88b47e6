import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { resourcesWithEffects } from "../../resources/effects.ts";
import { isWanted } from "../../resources/plannedSteps.ts";

/** What Mooring created for the namespace and is still there, each in one sentence. Adopted things stay, and do not count. */
export async function findRemains(
  ports: Ports,
  request: OnboardingRequest,
  { isMigrating }: { readonly isMigrating: boolean },
): Promise<readonly string[]> {
  const gone = resourcesWithEffects.filter(
    ({ resource }) => isMigrating || resource.leavesInAnyMode || isWanted(resource, request),
  );
  return (await Promise.all(gone.flatMap(({ effects }) => effects.remains(ports, request)))).flat();
}
