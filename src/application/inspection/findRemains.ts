import type { Ports } from "../../ports/index.ts";
import { isDropped } from "../../resources/definitions/leftCatalog.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import { mayHave, resourcesFor } from "../../resources/index.ts";

/** What Mooring created for the namespace and is still there, each in one sentence. Adopted things stay, and do not count. */
export async function findRemains(
  ports: Ports,
  namespace: Pick<OperationFacts, "request" | "isMigrating" | "otherMode">,
): Promise<readonly string[]> {
  const { request } = namespace;
  const gone = resourcesFor(request).filter((resource) => resource.leavesInAnyMode || mayHave(resource, namespace));
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
