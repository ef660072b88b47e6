/** A model of managed identities and SQL servers in Azure Resource Manager; refusals have the adapter's codes. */
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { EntraAdmin } from "../../../src/domain/targets/sqlDatabase.ts";
import type { FederatedCredential, IdentityRef, ManagedIdentity, Ports } from "../../../src/ports.ts";
import type { Call } from "./faults.ts";

export interface AzureState {
  readonly identities: Map<string, ManagedIdentity>;
  /** By the name of the identity. */
  readonly credentials: Map<string, readonly FederatedCredential[]>;
  /** Administrators of SQL servers, by alias. */
  readonly sqlAdmins: Map<string, EntraAdmin>;
}

export function guid(number: number): string {
  return `${number.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
}

export function createAzure(state: AzureState, call: Call, newGuid: () => string): Ports["identities"] {
  const { identities, credentials } = state;
  const known = (ref: IdentityRef) => credentials.get(ref.name) ?? [];
  return {
    get: (ref) => call("arm", "get identity", () => identities.get(ref.name)),
    listIn: () => call("arm", "list identities", () => [...identities.values()]),
    put: (ref, { location, tags }) =>
      call("arm", "put identity", () => {
        const current = identities.get(ref.name);
        if (current && current.location !== location) {
          throw new PermanentError("IDENTITY_CONFLICT", `${ref.name} is in ${current.location}`);
        }
        const made = current ?? {
          id: `/subscriptions/${ref.subscriptionId}/${ref.resourceGroup}/${ref.name}`,
          name: ref.name,
          location,
          clientId: newGuid(),
          principalId: newGuid(),
          tenantId: guid(0),
        };
        const next = { ...made, tags: { ...tags } };
        identities.set(ref.name, next);
        return next;
      }),
    remove: (ref) =>
      call("arm", "remove identity", () => {
        identities.delete(ref.name);
        credentials.delete(ref.name);
      }),
    federatedCredentials: (ref) => call("arm", "list credentials", () => known(ref)),
    putFederatedCredential: (ref, credential) =>
      call("arm", "put credential", () => {
        if (!identities.has(ref.name)) throw new TransientError("ARM_UNAVAILABLE", `no identity ${ref.name} yet`);
        const others = known(ref).filter(({ name }) => name !== credential.name);
        if (others.some((each) => each.issuer === credential.issuer && each.subject === credential.subject)) {
          throw new PermanentError("ARM_REJECTED", "issuer and subject exist under another name");
        }
        if (others.length >= 20) throw new PermanentError("FEDERATED_CREDENTIAL_LIMIT", "20 credentials");
        credentials.set(ref.name, [...others, credential]);
      }),
    pace: () => ({ intervalMs: 500, waitMs: 0 }),
    removeFederatedCredential: (ref, name) =>
      call("arm", "remove credential", () => {
        credentials.set(
          ref.name,
          known(ref).filter((credential) => credential.name !== name),
        );
      }),
  };
}

export function createServers(
  { sqlAdmins }: Pick<AzureState, "sqlAdmins">,
  call: Call,
  databases: readonly string[],
): Ports["sqlServers"] {
  return {
    setEntraAdmin: ({ alias }, admin) => call("arm", "set administrator", () => void sqlAdmins.set(alias, admin)),
    removeEntraAdmin: ({ alias }) => call("arm", "remove administrator", () => void sqlAdmins.delete(alias)),
    inspect: ({ alias }) =>
      call("arm", "get server", () => ({
        location: "westeurope",
        fullyQualifiedDomainName: `${alias}.database.windows.net`,
        entraAdmin: sqlAdmins.get(alias),
        databases,
      })),
  };
}

/** No roles: in these worlds only Mooring could grant them, and it grants none. */
export function createRoleAssignments(call: Call): Ports["roleAssignments"] {
  const none = () => call("arm", "list role assignments", () => []);
  const everything = () => call("arm", "list permissions", () => [{ actions: ["*"], notActions: [] }]);
  return { heldAt: none, givenTo: none, ownPermissions: everything };
}
