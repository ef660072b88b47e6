import type { Ports } from "../../ports/index.ts";
import { unlessDropped, whyLeft } from "../../resources/definitions/leftCatalog.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import type { StepContext } from "../../resources/definitions/step.ts";
import { leaves, leftByOtherModes, resourcesFor } from "../../resources/index.ts";

export interface Remains {
  /** What Mooring created for the namespace and is still there, each in one sentence. Adopted things stay, and do not count. */
  readonly found: readonly string[];
  /** Why something cannot be looked at any more. */
  readonly unseen: readonly string[];
}

/** Fails with what may pass while the step may try again. */
export async function findRemains(
  ports: Ports,
  namespace: Pick<OperationFacts, "request" | "modeBeside">,
  step: Pick<StepContext, "isLastTry">,
): Promise<Remains> {
  const { request } = namespace;
  const own = resourcesFor(request).filter((resource) => leaves(resource, namespace));
  const gone = [
    ...own,
    ...unlessDropped(
      () => leftByOtherModes(ports.catalog, namespace),
      () => [],
    ),
  ];
  const unseen: string[] = [];
  const unlessLeft = async (look: () => Promise<readonly string[]>) => {
    try {
      return await look();
    } catch (error) {
      const why = await whyLeft(error, step);
      if (!why) throw error;
      unseen.push(why.message);
      return [];
    }
  };
  const found = gone.map((resource) =>
    unlessLeft(async () => {
      const parts = resource.remains(ports, request).map((part) => unlessLeft(() => part));
      return (await Promise.all(parts)).flat();
    }),
  );
  return { found: (await Promise.all(found)).flat(), unseen };
}
