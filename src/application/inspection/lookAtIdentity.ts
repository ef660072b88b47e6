import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { type IdentityDecision, planIdentity } from "../../resources/identity/plan.ts";

/**
 * The look at the identity, and the identity that it finds: the looks of other things need its client ID. If this look fails,
 * its own step reports that, and the other looks still run.
 */
export function lookAtIdentity(
  ports: Ports,
  input: Parameters<typeof planIdentity>[1],
): { readonly identityLook: Promise<IdentityDecision>; readonly found: Promise<ManagedIdentity | undefined> } {
  const identityLook = planIdentity(ports, input);
  const found = identityLook.then(
    ({ current }) => current,
    () => undefined,
  );
  return { identityLook, found };
}
