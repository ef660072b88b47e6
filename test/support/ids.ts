/** IDs of identities, of which the compiler knows which is which. */
import { randomUUID } from "node:crypto";
import { ClientId, type IdentityPair, PrincipalId } from "../../src/domain/naming/identityPair.ts";
import type { FakeCloud } from "./fakeCloud.ts";

export function clientIdOf(text: string): ClientId {
  return ClientId.parse(text);
}

export function principalIdOf(text: string): PrincipalId {
  return PrincipalId.parse(text);
}

export function newPair(newId: () => string = randomUUID): IdentityPair {
  return { clientId: clientIdOf(newId()), principalId: principalIdOf(newId()) };
}

/** One that the record of the namespace remembers, and that is gone. */
export function formerIdentity({ namespaces }: Pick<FakeCloud, "namespaces">, key: string): IdentityPair {
  const record = namespaces.get(key);
  if (!record) throw new Error(`${key} has no record`);
  const former = newPair();
  namespaces.set(key, { ...record, identities: [former, ...(record.identities ?? [])] });
  return former;
}
