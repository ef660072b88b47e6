/** Which identity a repair leaves the namespace with when it stops partway: a repair undoes nothing. */
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { type Berth, identityName } from "../../domain/naming/names.ts";
import { readTags } from "../../domain/naming/ownership.ts";
import type { Outcome } from "../../domain/operation/outcome.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";

/**
 * Reads it back, because the repair itself may not know: a crash, a cancel or the step beside it may have come between the
 * creation and its answer. While Azure does not answer, this fails, and the namespace stays held; a refusal changes nothing.
 */
export async function findIdentityLeft(
  { catalog, identities, registry }: Pick<Ports, "catalog" | "identities" | "registry">,
  { operation, cluster, namespace }: Berth & { readonly operation: string },
): Promise<Pick<Outcome, "clientId">> {
  const berth = { cluster, namespace };
  const step = await registry.getStep(operation, { name: "ensureIdentity", target: identityName(berth) });
  if (!step) return {};
  const current = await unlessRefused(() => identities.get(identityRef(findCluster(catalog, cluster), berth)));
  // An identity that the step did not get to accept is still somebody else's.
  const isTaken = step.status === "Succeeded" || readTags(current?.tags ?? {})?.operation === operation;
  return current && isTaken ? { clientId: current.clientId } : {};
}

async function unlessRefused(look: () => Promise<ManagedIdentity | undefined>): Promise<ManagedIdentity | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof PermanentError) return undefined;
    throw error;
  }
}
