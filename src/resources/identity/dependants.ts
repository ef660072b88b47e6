/** Who else depends on the identity: its credentials and the roles given to it go with it. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { clusterIdOf, findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import {
  automaticCredential,
  federatedCredentialName,
  federatedSubject,
  identityBindingName,
  identityName,
} from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { FederatedCredential, ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { type Dependants, isMarked, list, maxListed, readable } from "../definitions/dependants.ts";
import type { GaveRole } from "../definitions/inspection.ts";
import { findLeftByGuests } from "../federatedCredential/leftByGuests.ts";
import { bindingsOf } from "../identityBinding/boundBy.ts";
import { findBindingsLeftByGuests, type LeftBindings } from "../identityBinding/leftByGuests.ts";
import { clientIdAnnotation } from "../serviceAccount/serviceAccount.ts";
import { describeRole, findRoles } from "./roles.ts";

/** `gaveRole` recognizes the roles that Mooring gave; somebody else gave any other. */
export async function dependantsOfIdentity(
  ports: Ports,
  { request, identity, gaveRole }: { request: OnboardingRequest; identity: ManagedIdentity; gaveRole: GaveRole },
): Promise<readonly Dependants[]> {
  const cluster = findCluster(ports.catalog, request.cluster);
  // What guests that are gone have left goes with their home.
  const left = await findBindingsLeftByGuests(ports, request);
  return await Promise.all([
    readable(() => foreignCredentials(ports, cluster, { request, left })),
    readable(() => foreignBindings(ports, cluster, { request, left })),
    foreignRoles(ports, { identity, gaveRole }),
    readable(() => foreignAccounts(ports, cluster, { request, identity })),
  ]);
}

interface Judged {
  readonly request: OnboardingRequest;
  readonly left: LeftBindings;
}

async function foreignCredentials(
  { catalog, identities, registry }: Pick<Ports, "catalog" | "identities" | "registry">,
  cluster: ClusterTarget,
  { request, left }: Judged,
): Promise<readonly OperationError[]> {
  const current = await identities.federatedCredentials(identityRef(catalog, request));
  const leftToo = await findLeftByGuests({ catalog, registry }, request, current);
  const bindingsAreSeen = clusterIdOf(cluster) !== undefined || left.areLast;
  const foreign = current
    .filter((each) => !isOurs(each, { cluster, request }) && !leftToo.includes(each))
    // Whoever binds the identity has it; these are found by their bindings.
    .filter(({ name }) => name !== automaticCredential || !bindingsAreSeen);
  if (foreign.length === 0) return [];
  const names = list(foreign.map(({ name, subject, issuer }) => `"${name}" (${subject} from ${issuer})`));
  const message = `Identity ${identityName(request)} has federated credentials of others: ${names}.`;
  return [toOperationError("IDENTITY_FEDERATED_BY_OTHERS", message)];
}

/** It has a name that only Mooring gives, or is for the account that the request names: it is this namespace's own access. */
function isOurs(
  { name, issuer, subject }: FederatedCredential,
  { cluster, request }: { cluster: ClusterTarget; request: OnboardingRequest },
): boolean {
  const account = subject.split(":").at(-1) ?? "";
  if (name === federatedCredentialName(request, account)) return true;
  return issuer === cluster.oidcIssuer && subject === federatedSubject(request.namespace, request.serviceAccount);
}

/** The automatic credential goes with the identity, and with it what these can do. */
async function foreignBindings(
  ports: Pick<Ports, "catalog" | "identityBindings">,
  cluster: ClusterTarget,
  { request, left }: Judged,
): Promise<readonly OperationError[]> {
  if (clusterIdOf(cluster) === undefined) return [];
  const known = new Set([identityBindingName(request), ...left.refs.map(({ name }) => name)]);
  const foreign = (await bindingsOf(ports, request)).filter(({ name }) => !known.has(name));
  if (foreign.length === 0) return [];
  const names = list(foreign.map(({ clusterId, name }) => `"${name}" of ${clusterId}`));
  const message = `Identity ${identityName(request)} has identity bindings of others: ${names}.`;
  const fix =
    "Remove the bindings that the message names (`az aks identity-binding delete`), or offboard with {ignoreDependants}: the identity is removed all the same.";
  return [toOperationError("IDENTITY_FEDERATED_BY_OTHERS", message, fix)];
}

async function foreignRoles(
  ports: Pick<Ports, "catalog" | "roleAssignments">,
  { identity, gaveRole }: { identity: ManagedIdentity; gaveRole: GaveRole },
): Promise<Dependants> {
  const { given, unseen } = await findRoles(ports, identity);
  const theirs = given.filter((role) => !gaveRole(role));
  const blind = `Mooring lacks Microsoft.Authorization/roleAssignments/read at ${list(unseen)}.`;
  const message = `Someone else gave identity ${identity.name} roles in Azure: ${list(theirs.map(describeRole))}.`;
  const ids = theirs.map(({ id }) => id).join(" ");
  const fix = theirs.length > maxListed ? undefined : `az role assignment delete --ids ${ids}`;
  return {
    blockers: theirs.length > 0 ? [toOperationError("IDENTITY_HAS_ROLES", message, fix)] : [],
    notices: unseen.length > 0 ? [toNotice("DEPENDANTS_UNKNOWN", blind)] : [],
  };
}

async function foreignAccounts(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  { request, identity: { name, clientId } }: { request: OnboardingRequest; identity: ManagedIdentity },
): Promise<readonly OperationError[]> {
  const accounts = await kubernetes.list(cluster, { apiVersion: "v1", kind: "ServiceAccount" });
  const foreign = accounts.filter(({ metadata }) => {
    if (metadata.annotations?.[clientIdAnnotation]?.toLowerCase() !== clientId.toLowerCase()) return false;
    const isOwn = metadata.namespace === request.namespace && metadata.name === request.serviceAccount;
    return !isOwn && !isMarked(metadata, request);
  });
  if (foreign.length === 0) return [];
  const names = list(foreign.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  const message = `Other service accounts are annotated with the client ID of identity ${name}: ${names}.`;
  return [toOperationError("IDENTITY_USED_BY_OTHERS", message)];
}
