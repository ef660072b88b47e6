/**
 * Identities that carry Mooring's tags and that no record knows: the registry lost a row, or a write took effect when nothing counted
 * on it any more. Whatever they can open stays open until an operator decides about them. Without the tags, an identity was there
 * before Mooring: it counts if Mooring lets pods use it (resources/identity/uses.ts).
 */
import { findCluster } from "../../domain/catalog/clusters.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { isGuest, type NamespaceRef, namespaceKey, namespaceNamed } from "../../domain/naming/names.ts";
import { readTags } from "../../domain/naming/ownership.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import type { IdentityRef, ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { list } from "../../resources/definitions/dependants.ts";
import { isKnownTo } from "../../resources/identity/plan.ts";
import { findUses } from "../../resources/identity/uses.ts";

type Looking = Pick<Ports, "catalog" | "identities" | "identityBindings" | "kubernetes" | "registry">;

export interface UnrecordedIdentity {
  readonly identity: ManagedIdentity;
  /** The namespace that its tags name or, without these, that it is named for. */
  readonly namespaceRef: NamespaceRef;
  /** The operation that its tags name; undefined without these. */
  readonly createdBy: string | undefined;
  /** By what of Mooring's pods can use it; only looked for without tags. */
  readonly uses: readonly string[];
}

export interface UnrecordedIdentities {
  readonly identities: readonly UnrecordedIdentity[];
  /** What could not be read, with the reason. */
  readonly unseen: readonly string[];
  /** Whether the identity of that name may be unrecorded, since it, or the cluster that it is for, could not be looked at. */
  readonly isUnsure: (namespaceRef: NamespaceRef) => boolean;
}

export async function findUnrecorded(ports: Looking): Promise<UnrecordedIdentities> {
  const found: UnrecordedIdentity[] = [];
  const unseen: string[] = [];
  const unsure = new Set<string>();
  /** Undefined where it gets no answer, which hides nothing else. */
  const seeing = async <T>(what: string, key: string, look: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
      unseen.push(`${what} (${error.code})`);
      unsure.add(key);
      return undefined;
    }
  };
  for (const alias of Object.keys(ports.catalog.clusters)) {
    const { subscriptionId, identityResourceGroup: resourceGroup } = findCluster(ports.catalog, alias);
    const place = { subscriptionId, resourceGroup };
    const listed = await seeing(`identities in ${resourceGroup}`, alias, () => ports.identities.listIn(place));
    for (const identity of listed ?? []) {
      const named = readMarked(identity, alias) ?? readNamed(identity, alias);
      if (!named) continue;
      const look = () => lookAt(ports, named, { ...place, name: identity.name });
      const seen = await seeing(identity.name, namespaceKey(named.namespaceRef), look);
      if (!seen) continue;
      found.push(...seen.found);
      unseen.push(...seen.unseen);
    }
  }
  const isUnsure = (namespaceRef: NamespaceRef) =>
    unsure.has(namespaceRef.cluster) || unsure.has(namespaceKey(namespaceRef));
  return { identities: found, unseen, isUnsure };
}

interface Seen {
  readonly found: readonly UnrecordedIdentity[];
  readonly unseen: readonly string[];
}

async function lookAt(ports: Looking, named: UnrecordedIdentity, ref: IdentityRef): Promise<Seen> {
  const none = { found: [], unseen: [] };
  const { identity, namespaceRef, createdBy } = named;
  if (await isRecorded(ports, named)) return none;
  // An offboarding may have ended since the list was read.
  const current = await ports.identities.get(ref);
  if (current?.clientId !== identity.clientId) return none;
  if (createdBy !== undefined) return { ...none, found: [named] };
  const { uses, unseen } = await findUses(ports, identity, namespaceRef);
  // An onboarding writes the record first, and may have begun since.
  const isFound = uses.length > 0 && !(await isRecorded(ports, named));
  return { found: isFound ? [{ ...named, uses }] : [], unseen };
}

/** Clusters of the catalog may share a resource group: an identity belongs to the one that its tags name. */
function readMarked(identity: ManagedIdentity, cluster: string): UnrecordedIdentity | undefined {
  const ownership = readTags(identity.tags);
  const namespace = ownership?.berth.slice(cluster.length + 1) ?? "";
  const namespaceRef = { cluster, namespace };
  if (!ownership || ownership.berth !== namespaceKey(namespaceRef) || namespace === "") return undefined;
  return { identity, namespaceRef, createdBy: ownership.operation, uses: [] };
}

/** An identity that is adopted has the name that Mooring would give it. */
function readNamed(identity: ManagedIdentity, cluster: string): UnrecordedIdentity | undefined {
  const namespace = namespaceNamed(identity.name, cluster);
  if (namespace === undefined || readTags(identity.tags)) return undefined;
  return { identity, namespaceRef: { cluster, namespace }, createdBy: undefined, uses: [] };
}

async function isRecorded(
  { registry }: Pick<Ports, "registry">,
  { identity, namespaceRef, createdBy }: UnrecordedIdentity,
): Promise<boolean> {
  const record = await registry.getNamespace(namespaceRef);
  if (!record) return false;
  if (isHeld(record)) return true;
  // What was there before, a look at the namespace judges: at a guest, it looks at another identity.
  return createdBy === undefined ? !isGuest(record.request) : isKnownTo(record, identity, { operation: "", createdBy });
}

export function unrecordedFinding({ identity, createdBy, uses }: UnrecordedIdentity): Finding {
  const { name, clientId } = identity;
  return createdBy === undefined
    ? finding("IDENTITY_USE_UNRECORDED", name, { field: "uses", expected: null, found: list(uses) })
    : finding("IDENTITY_UNRECORDED", name, {
        field: "clientId",
        expected: null,
        found: `${clientId}, of operation ${createdBy}`,
      });
}

/** One sentence. */
export function describeUnrecorded({ identity, namespaceRef, createdBy, uses }: UnrecordedIdentity): string {
  const { name, clientId } = identity;
  const key = namespaceKey(namespaceRef);
  return createdBy === undefined
    ? `No record knows that pods of ${key} can use identity ${name} (client ID ${clientId}) by what Mooring wrote: ${list(uses)}.`
    : `No record knows identity ${name} (client ID ${clientId}), which has Mooring's tags for ${key}.`;
}
