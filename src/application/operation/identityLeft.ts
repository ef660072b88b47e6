/** Which identity a repair leaves the namespace with when it stops partway: a repair undoes nothing. */
import { identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { type IdentityUser, identityName } from "../../domain/naming/names.ts";
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
  { operation, ...user }: IdentityUser & { readonly operation: string },
): Promise<Pick<Outcome, "clientId">> {
  const step = await registry.getStep(operation, { name: "ensureIdentity", target: identityName(user) });
  if (!step) return {};
  const current = await unlessRefused(() => identities.get(identityRef(catalog, user)));
  // An identity that the step did not get to accept is still somebody else's.
  const isAccepted = step.status === "Succeeded" || readTags(current?.tags ?? {})?.operation === operation;
  return current && isAccepted ? { clientId: current.clientId } : {};
}

async function unlessRefused(look: () => Promise<ManagedIdentity | undefined>): Promise<ManagedIdentity | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof PermanentError) return undefined;
    throw error;
  }
}
