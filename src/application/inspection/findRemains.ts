import type { Ports } from "../../ports/index.ts";
import { unlessDropped, whyDropped } from "../../resources/definitions/leftCatalog.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import { leaves, leftByOtherModes, resourcesFor } from "../../resources/index.ts";

/** What Mooring created for the namespace and is still there, each in one sentence. Adopted things stay, and do not count. */
export async function findRemains(
  ports: Ports,
  namespace: Pick<OperationFacts, "request" | "isMigrating" | "otherMode">,
): Promise<readonly string[]> {
  const { request } = namespace;
  const own = resourcesFor(request).filter((resource) => leaves(resource, namespace));
  const gone = [
    ...own,
    ...unlessDropped(
      () => leftByOtherModes(ports.catalog, namespace),
      () => [],
    ),
  ];
  // What cannot be reached any more was named by the step that could not take it away.
  const unlessLeft = async (look: () => Promise<readonly string[]>) => {
    try {
      return await look();
    } catch (error) {
      if (!whyDropped(error)) throw error;
      return [];
    }
  };
  const found = gone.map((resource) =>
    unlessLeft(async () => {
      const parts = resource.remains(ports, request).map((part) => unlessLeft(() => part));
      return (await Promise.all(parts)).flat();
    }),
  );
  return (await Promise.all(found)).flat();
}
