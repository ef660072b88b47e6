/**
 * Whether a look that found nothing is surprising. Azure Resource Manager may answer 404 for what is there: for a moment after it was
 * made, or where a front end knows less than another. What the records know is therefore looked for once more, later.
 */
import { identityName } from "../../domain/naming/names.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { ResourceStepName } from "../../domain/operation/stepName.ts";
import type { Ports } from "../../ports/index.ts";
import type { StepInput } from "./step.ts";

/** `madeBy` made it on the identity; `isOnboarded` says whether a record of an onboarded namespace has it. */
export async function isMissed(
  { registry }: Pick<Ports, "registry">,
  input: StepInput,
  { madeBy, isOnboarded }: { madeBy: ResourceStepName; isOnboarded: (record: NamespaceRecord) => boolean },
): Promise<boolean> {
  if (input.retry.landingMs === undefined) return false;
  if (input.createdBy !== undefined) {
    const made = await registry.getStep(input.createdBy, { name: madeBy, target: identityName(input) });
    return made?.status === "Succeeded";
  }
  const record = input.looksAgain ? await registry.getNamespace(input) : undefined;
  return record?.clientId !== undefined && isOnboarded(record);
}
