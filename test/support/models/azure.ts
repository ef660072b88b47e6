/** A model of managed identities, role assignments and SQL servers in Azure Resource Manager; refusals have the adapter's codes. */

import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import { automaticCredential } from "../../../src/domain/naming/names.ts";
import { isSameId } from "../../../src/domain/naming/resourceId.ts";
import type { EntraAdmin } from "../../../src/domain/targets/sqlDatabase.ts";
import type { FederatedCredential, IdentityRef, ManagedIdentity } from "../../../src/ports/identities.ts";
import type { BindingRef, IdentityBinding } from "../../../src/ports/identityBindings.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { AssignmentRef, RoleAssignment } from "../../../src/ports/roleAssignments.ts";
import { newPair } from "../ids.ts";
import type { Calls } from "./calls.ts";
import type { ManagedModel } from "./managedNamespaces.ts";

export interface AzureState {
  readonly identities: Map<string, ManagedIdentity>;
  /** By the name of the identity. */
  readonly credentials: Map<string, readonly FederatedCredential[]>;
  /** By cluster and name. */
  readonly bindings: Map<string, IdentityBinding>;
  readonly managed: ManagedModel;
  /** By id. */
  readonly roleAssignments: Map<string, RoleAssignment>;
  /** Administrators of SQL servers, by alias. */
  readonly sqlAdmins: Map<string, EntraAdmin>;
}

/** The resource group of an identity that the model has made. */
function madeIn(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/([^/]+)\/[^/]+$/.exec(id)?.[1];
}

export function createIdentities(
  { identities, credentials }: Pick<AzureState, "identities" | "credentials">,
  { read, write }: Calls,
  { newGuid, tenantId }: { readonly newGuid: () => string; readonly tenantId: string },
): Ports["identities"] {
  /** By its name, except for one that is in another resource group than the first of that name. */
  function keyOf({ name, resourceGroup }: IdentityRef): string {
    const own = `${resourceGroup}/${name}`;
    // A test may put one that is nobody's without saying where.
    const isElsewhere = ({ id, tags }: ManagedIdentity) =>
      Object.keys(tags).length > 0 && madeIn(id) !== undefined && madeIn(id) !== resourceGroup;
    const first = identities.get(name);
    return identities.has(own) || (first && isElsewhere(first)) ? own : name;
  }
  const known = (ref: IdentityRef) => credentials.get(keyOf(ref)) ?? [];
  return {
    get: (ref) => read("get identity", () => identities.get(keyOf(ref))),
    listIn: () => read("list identities", () => [...identities.values()]),
    put: (ref, { location, tags }) =>
      write("put identity", () => {
        const current = identities.get(keyOf(ref));
        if (current && current.location !== location) {
          throw new PermanentError("IDENTITY_CONFLICT", `${ref.name} is in ${current.location}`);
        }
        const made = current ?? {
          id: `/subscriptions/${ref.subscriptionId}/${ref.resourceGroup}/${ref.name}`,
          name: ref.name,
          location,
          ...newPair(newGuid),
          tenantId,
        };
        const next = { ...made, tags: { ...tags } };
        identities.set(keyOf(ref), next);
        return next;
      }),
    remove: (ref) =>
      write("remove identity", () => {
        const key = keyOf(ref);
        identities.delete(key);
        credentials.delete(key);
      }),
    federatedCredentials: (ref) => read("list credentials", () => known(ref)),
    putFederatedCredential: (ref, credential) =>
      write("put credential", () => {
        if (!identities.has(keyOf(ref))) throw new TransientError("ARM_UNAVAILABLE", `no identity ${ref.name} yet`);
        const others = known(ref).filter(({ name }) => name !== credential.name);
        if (others.some((each) => each.issuer === credential.issuer && each.subject === credential.subject)) {
          throw new PermanentError("ARM_REJECTED", "issuer and subject exist under another name");
        }
        if (others.length >= 20) throw new PermanentError("FEDERATED_CREDENTIAL_LIMIT", "20 credentials");
        credentials.set(keyOf(ref), [...others, credential]);
      }),
    pace: () => ({ intervalMs: 500, waitMs: 0 }),
    removeFederatedCredential: (ref, name) =>
      write("remove credential", () => {
        credentials.set(
          keyOf(ref),
          known(ref).filter((credential) => credential.name !== name),
        );
      }),
  };
}

/** Each makes the identity's automatic credential, which Azure never collects. */
export function createIdentityBindings(
  { bindings, credentials, identities }: Pick<AzureState, "bindings" | "credentials" | "identities">,
  { read, write }: Calls,
): Ports["identityBindings"] {
  const keyOf = ({ clusterId, name }: BindingRef) => `${clusterId}/${name}`;
  return {
    get: (ref) => read("get binding", () => bindings.get(keyOf(ref))),
    listAt: (clusterId) =>
      read("list bindings", () =>
        [...bindings].filter(([key]) => key.startsWith(`${clusterId}/`)).map(([, binding]) => binding),
      ),
    put: (ref, { identityId }) =>
      write("put binding", () => {
        const identity = [...identities.values()].find(({ name }) => identityId.endsWith(`/${name}`));
        if (!identity) throw new TransientError("ARM_UNAVAILABLE", `no identity ${identityId} yet`);
        const known = bindings.get(keyOf(ref));
        const clientId = known?.clientId ?? identity.clientId;
        bindings.set(keyOf(ref), { name: ref.name, identityId, clientId, isReady: true });
        const others = (credentials.get(identity.name) ?? []).filter(({ name }) => name !== automaticCredential);
        const issuer = `https://ib.oic.prod-aks.azure.com/${identity.tenantId}/${identity.clientId}`;
        const automatic = {
          name: automaticCredential,
          issuer,
          subject: "aks",
          audiences: ["api://AzureADTokenExchange"],
        };
        credentials.set(identity.name, [...others, automatic]);
      }),
    remove: (ref) => write("remove binding", () => void bindings.delete(keyOf(ref))),
  };
}

export function createServers(
  { sqlAdmins }: Pick<AzureState, "sqlAdmins">,
  { read, write }: Calls,
  databases: readonly string[],
): Ports["sqlServers"] {
  return {
    setEntraAdmin: ({ alias }, admin) => write("set SQL administrator", () => void sqlAdmins.set(alias, admin)),
    removeEntraAdmin: ({ alias }) => write("remove SQL administrator", () => void sqlAdmins.delete(alias)),
    inspect: ({ alias }) =>
      read("get server", () => ({
        location: "westeurope",
        fullyQualifiedDomainName: `${alias}.database.windows.net`,
        entraAdmin: sqlAdmins.get(alias),
        databases,
      })),
  };
}

/** The subscription has room, and nothing is locked. Nobody but Mooring gives roles here. */
export function createRoleAssignments(
  { roleAssignments }: Pick<AzureState, "roleAssignments">,
  { read, write }: Calls,
  newTime: () => string,
): Pick<Ports, "roleAssignments" | "azureResources"> {
  const idOf = ({ scope, name }: AssignmentRef) => `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  const known = (ref: AssignmentRef) => [...roleAssignments.values()].find(({ id }) => isSameId(id, idOf(ref)));
  const list = (isMeant: (each: RoleAssignment) => boolean) =>
    read("list role assignments", () => [...roleAssignments.values()].filter(isMeant));
  return {
    roleAssignments: {
      heldAt: (scope, principalId) => list((each) => each.principalId === principalId && isWithin(scope, each.scope)),
      givenTo: (principalId, { subscriptionId }) =>
        list((each) => each.principalId === principalId && isWithin(each.scope, `/subscriptions/${subscriptionId}`)),
      givenIn: (subscriptionId) => list((each) => isWithin(each.scope, `/subscriptions/${subscriptionId}`)),
      // Mooring can list every subscription in which there are any.
      subscriptions: () =>
        read("list subscriptions", () => [
          ...new Set([...roleAssignments.values()].map(({ scope }) => scope.split("/")[2] ?? "")),
        ]),
      madeAt: (scope) => list((each) => isSameId(each.scope, scope)),
      applyingAt: (scope) => list((each) => isWithin(scope, each.scope)),
      ownPermissions: () => read("list permissions", () => [{ actions: ["*"], notActions: [] }]),
      get: (ref) => read("get role assignment", () => known(ref)),
      put: (ref, { roleId, principalId, description }) =>
        write("put role assignment", () => {
          const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
          const { id = idOf(ref), scope = ref.scope } = known(ref) ?? {};
          const same = [...roleAssignments.values()].find(
            (each) =>
              isSameId(each.scope, scope) &&
              each.principalId === principalId &&
              each.roleDefinitionId === roleDefinitionId,
          );
          if (same && same.id !== id) throw new PermanentError("ROLE_ASSIGNMENT_EXISTS", "under another name");
          const createdTime = same?.createdTime ?? newTime();
          assign({ roleAssignments }, { id, scope, roleDefinitionId, principalId, description, createdTime });
        }),
      remove: (ref) => write("remove role assignment", () => void roleAssignments.delete(known(ref)?.id ?? "")),
      usage: () => read("count role assignments", () => ({ made: roleAssignments.size, limit: 4_000 })),
    },
    azureResources: {
      find: () => read("get resource", () => ({ properties })),
      locksAt: () => read("list locks", () => []),
    },
  };
}

function isWithin(inner: string, outer: string): boolean {
  return `${inner}/`.toLowerCase().startsWith(`${outer}/`.toLowerCase());
}

/** Of a key vault, and of a cluster. */
const properties = {
  enableRbacAuthorization: true,
  oidcIssuerProfile: { enabled: true },
  securityProfile: { workloadIdentity: { enabled: true } },
};

export function assign({ roleAssignments }: Pick<AzureState, "roleAssignments">, made: RoleAssignment): void {
  roleAssignments.set(made.id, made);
}
