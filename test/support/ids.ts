/** IDs of identities, of which the compiler knows which is which. */
import { randomUUID } from "node:crypto";
import { ClientId, type IdentityPair, PrincipalId } from "../../src/domain/naming/identityPair.ts";

export function clientIdOf(text: string): ClientId {
  return ClientId.parse(text);
}

export function principalIdOf(text: string): PrincipalId {
  return PrincipalId.parse(text);
}

export function newPair(newId: () => string = randomUUID): IdentityPair {
  return { clientId: clientIdOf(newId()), principalId: principalIdOf(newId()) };
}
