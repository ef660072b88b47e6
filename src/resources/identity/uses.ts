/**
 * What Mooring wrote for an identity which it did not make: without the namespace's row, nothing but the names and marks shows that it
 * is Mooring's.
 */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { clusterIdOf, findCluster, identityIdOf, identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import {
  azureIdentityName,
  federatedSubject,
  type IdentityUser,
  identityBindingName,
  type NamespaceRef,
  namespaceKey,
} from "../../domain/naming/names.ts";
import { readMark, readRoleMark } from "../../domain/naming/ownership.ts";
import { usesSelector } from "../../domain/request/identityModes.ts";
import type { FederatedCredential, ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { isMarked } from "../definitions/dependants.ts";
import { hasOwnName } from "../federatedCredential/ownName.ts";
import { binds } from "../identityBinding/boundBy.ts";
import { podIdentityApi } from "../podIdentity/podIdentity.ts";
import { clientIdAnnotation } from "../serviceAccount/serviceAccount.ts";
import { findOwnAccounts } from "../serviceAccount/surplus.ts";
import { findTargetReach } from "../target/reach.ts";
import { findReach } from "../target/sqlDatabase/elsewhere.ts";
import { findRoles } from "./roles.ts";

type Looking = Pick<Ports, "catalog" | "identities" | "identityBindings" | "kubernetes">;

export interface UsesFound {
  /** `credential mooring-…`, `ServiceAccount team-a/web` */
  readonly uses: readonly string[];
  /** What could not be read, with the reason. */
  readonly unseen: readonly string[];
}

/** What lets pods use it. What cannot be read is said. */
export async function findUses(
  ports: Looking,
  identity: ManagedIdentity,
  namespaceRef: NamespaceRef,
): Promise<UsesFound> {
  const looks = looksForUses(ports, identity, namespaceRef);
  const found = await Promise.all(
    Object.entries(looks).map(async ([what, look]): Promise<UsesFound> => {
      try {
        return { uses: await look(), unseen: [] };
      } catch (error) {
        if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
        return { uses: [], unseen: [`${what} of ${identity.name} (${error.code})`] };
      }
    }),
  );
  return { uses: found.flatMap(({ uses }) => uses), unseen: found.flatMap(({ unseen }) => unseen) };
}

/** Whether Mooring wrote anything so that the namespace can use the identity, or the identity its databases and targets. */
export async function isUsedByNamespace(
  ports: Ports,
  identity: ManagedIdentity,
  namespaceRef: NamespaceRef,
): Promise<boolean> {
  const uses = await Promise.all(Object.values(looksForUses(ports, identity, namespaceRef)).map((look) => look()));
  if (uses.flat().length > 0) return true;
  const [{ users }, { given }, { reached }] = await Promise.all([
    findReach(ports, identity),
    findRoles(ports, identity),
    findTargetReach(ports, { namespaceRef, principalId: identity.principalId }),
  ]);
  if (reached.some(({ isOurs }) => isOurs)) return true;
  const marks = [
    ...users.map(({ user }) => readMark(user.mark)),
    ...given.map((role) => readRoleMark(role.description)),
  ];
  return marks.some((mark) => mark?.berth === namespaceKey(namespaceRef));
}

/** By what pods of the namespace can use the identity of its home. A credential of any name lets them in. */
export async function findUsesAsGuest(
  ports: Pick<Ports, "catalog" | "identities" | "identityBindings">,
  user: IdentityUser,
): Promise<readonly string[]> {
  const cluster = findCluster(ports.catalog, user.cluster);
  const [credentials, bindings] = await Promise.all([
    ports.identities.federatedCredentials(identityRef(ports.catalog, user)),
    ownBinding(ports, cluster, user),
  ]);
  const accounts = federatedSubject(user.namespace, "");
  const isForPods = ({ issuer, subject }: FederatedCredential) =>
    issuer === cluster.oidcIssuer && subject.startsWith(accounts);
  const usable = credentials.filter((each) => isForPods(each) || hasOwnName(each, user));
  return [...usable.map(({ name }) => `credential ${name}`), ...bindings];
}

function looksForUses(ports: Looking, identity: ManagedIdentity, namespaceRef: NamespaceRef) {
  const cluster = findCluster(ports.catalog, namespaceRef.cluster);
  return {
    credentials: () => ownCredentials(ports, namespaceRef),
    "identity binding": () => ownBinding(ports, cluster, namespaceRef),
    "service accounts": () => ownAccounts(ports, cluster, { identity, namespaceRef }),
    AzureIdentity: () => ownAzureIdentity(ports, cluster, namespaceRef),
  };
}

async function ownCredentials(
  { catalog, identities }: Looking,
  namespaceRef: NamespaceRef,
): Promise<readonly string[]> {
  const credentials = await identities.federatedCredentials(identityRef(catalog, namespaceRef));
  return credentials.filter((each) => hasOwnName(each, namespaceRef)).map(({ name }) => `credential ${name}`);
}

async function ownBinding(
  { catalog, identityBindings }: Pick<Looking, "catalog" | "identityBindings">,
  cluster: ClusterTarget,
  user: IdentityUser,
): Promise<readonly string[]> {
  const clusterId = clusterIdOf(cluster);
  const name = identityBindingName(user);
  const binding = clusterId === undefined ? undefined : await identityBindings.get({ clusterId, name });
  return binding && binds(binding, identityIdOf(catalog, user)) ? [`identity binding ${name}`] : [];
}

async function ownAccounts(
  { kubernetes }: Looking,
  cluster: ClusterTarget,
  { identity, namespaceRef }: { readonly identity: ManagedIdentity; readonly namespaceRef: NamespaceRef },
): Promise<readonly string[]> {
  const accounts = await findOwnAccounts(kubernetes, cluster, namespaceRef);
  return accounts
    .filter(
      ({ metadata }) => metadata.annotations?.[clientIdAnnotation]?.toLowerCase() === identity.clientId.toLowerCase(),
    )
    .map(({ metadata }) => `ServiceAccount ${namespaceRef.namespace}/${metadata.name}`);
}

async function ownAzureIdentity(
  { kubernetes }: Looking,
  cluster: ClusterTarget,
  namespaceRef: NamespaceRef,
): Promise<readonly string[]> {
  if (!cluster.identityModes.some((identityMode) => usesSelector({ identityMode }))) return [];
  const { namespace } = namespaceRef;
  const name = azureIdentityName(namespaceRef);
  const found = await kubernetes.get(cluster, { apiVersion: podIdentityApi, kind: "AzureIdentity", name, namespace });
  return found && isMarked(found.metadata, namespaceRef) ? [`AzureIdentity ${namespace}/${name}`] : [];
}
