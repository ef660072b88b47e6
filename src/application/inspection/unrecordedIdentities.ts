/**
 * Identities that carry Mooring's tags and that no record knows: the registry lost a row, or a write took effect when nothing counted
 * on it any more. Whatever they can open stays open until an operator decides about them. Without the tags, an identity was there
 * before Mooring: it counts if Mooring lets pods use it (resources/identity/uses.ts).
 */
import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { type Berth, berthKey, isGuest, namespaceNamed } from "../../domain/naming/names.ts";
import { readTags } from "../../domain/naming/ownership.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { list } from "../../resources/definitions/dependants.ts";
import { isKnownTo } from "../../resources/identity/plan.ts";
import { findUses } from "../../resources/identity/uses.ts";

type Looking = Pick<Ports, "catalog" | "identities" | "identityBindings" | "kubernetes" | "registry">;

export interface UnrecordedIdentity {
  readonly identity: ManagedIdentity;
  /** The namespace that its tags name or, without these, that it is named for. */
  readonly berth: Berth;
  /** The operation that its tags name; undefined without these. */
  readonly createdBy: string | undefined;
  /** By what of Mooring's pods can use it; only looked for without tags. */
  readonly uses: readonly string[];
}

export interface UnrecordedIdentities {
  readonly identities: readonly UnrecordedIdentity[];
  /** What could not be read, with the reason. */
  readonly unseen: readonly string[];
}

export async function findUnrecorded(ports: Looking): Promise<UnrecordedIdentities> {
  const found: UnrecordedIdentity[] = [];
  const unseen: string[] = [];
  for (const alias of Object.keys(ports.catalog.clusters)) {
    const { subscriptionId, identityResourceGroup: resourceGroup } = findCluster(ports.catalog, alias);
    for (const identity of await ports.identities.listIn({ subscriptionId, resourceGroup })) {
      const named = readMarked(identity, alias) ?? readNamed(identity, alias);
      if (!named || (await isRecorded(ports, named))) continue;
      // An offboarding may have ended since the list was read.
      const current = await ports.identities.get({ subscriptionId, resourceGroup, name: identity.name });
      if (current?.clientId !== identity.clientId) continue;
      if (named.createdBy !== undefined) {
        found.push(named);
        continue;
      }
      const used = await findUses(ports, identity, named.berth);
      unseen.push(...used.unseen);
      // An onboarding writes the record first, and may have begun since.
      if (used.uses.length > 0 && !(await isRecorded(ports, named))) found.push({ ...named, uses: used.uses });
    }
  }
  return { identities: found, unseen };
}

/** Clusters of the catalog may share a resource group: an identity belongs to the one that its tags name. */
function readMarked(identity: ManagedIdentity, cluster: string): UnrecordedIdentity | undefined {
  const ownership = readTags(identity.tags);
  const namespace = ownership?.berth.slice(cluster.length + 1) ?? "";
  const berth = { cluster, namespace };
  if (!ownership || ownership.berth !== berthKey(berth) || namespace === "") return undefined;
  return { identity, berth, createdBy: ownership.operation, uses: [] };
}

/** An identity that is adopted has the name that Mooring would give it. */
function readNamed(identity: ManagedIdentity, cluster: string): UnrecordedIdentity | undefined {
  const namespace = namespaceNamed(identity.name, cluster);
  if (namespace === undefined || readTags(identity.tags)) return undefined;
  return { identity, berth: { cluster, namespace }, createdBy: undefined, uses: [] };
}

async function isRecorded(
  { registry }: Pick<Ports, "registry">,
  { identity, berth, createdBy }: UnrecordedIdentity,
): Promise<boolean> {
  const record = await registry.getNamespace(berth);
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
export function describeUnrecorded({ identity, berth, createdBy, uses }: UnrecordedIdentity): string {
  const { name, clientId } = identity;
  const key = berthKey(berth);
  return createdBy === undefined
    ? `No record knows that pods of ${key} can use identity ${name} (client ID ${clientId}) by what Mooring wrote: ${list(uses)}.`
    : `No record knows identity ${name} (client ID ${clientId}), which has Mooring's tags for ${key}.`;
}
