import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { isDropped } from "../../resources/definitions/leftCatalog.ts";
import { everyResource, isWanted } from "../../resources/index.ts";

/** What Mooring created for the namespace and is still there, each in one sentence. Adopted things stay, and do not count. */
export async function findRemains(
  ports: Ports,
  request: OnboardingRequest,
  { isMigrating }: { readonly isMigrating: boolean },
): Promise<readonly string[]> {
  const gone = everyResource.filter(
    (resource) => isMigrating || resource.leavesInAnyMode || isWanted(resource, request),
  );
  // What cannot be reached any more was named by the step that could not take it away.
  const unlessDropped = async (look: () => Promise<readonly string[]>) => {
    try {
      return await look();
    } catch (error) {
      if (!isDropped(error)) throw error;
      return [];
    }
  };
  const found = gone.map((resource) =>
    unlessDropped(async () => {
      const parts = resource.remains(ports, request).map((part) => unlessDropped(() => part));
      return (await Promise.all(parts)).flat();
    }),
  );
  return (await Promise.all(found)).flat();
}
