import { type Berth, federatedCredentialName, federatedSubject } from "../../domain/naming/names.ts";
import type { FederatedCredential } from "../../ports/identities.ts";

/** The account is one of the namespace's, and the name is the one that Mooring gives to its credential, whoever the issuer is. */
export function hasOwnName({ name, subject }: FederatedCredential, berth: Berth): boolean {
  const accounts = federatedSubject(berth.namespace, "");
  return subject.startsWith(accounts) && name === federatedCredentialName(berth, subject.slice(accounts.length));
}
