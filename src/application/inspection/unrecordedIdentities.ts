/**
 * Identities that carry Mooring's tags and that no record knows: the registry lost a row, or a write took effect when nothing counted
 * on it any more. Whatever they can open stays open until an operator decides about them.
 */
import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { readTags } from "../../domain/naming/ownership.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { isKnownTo } from "../../resources/identity/plan.ts";

type Looking = Pick<Ports, "catalog" | "identities" | "registry">;

export interface UnrecordedIdentity {
  readonly identity: ManagedIdentity;
  /** The namespace that its tags name. */
  readonly berth: Berth;
  /** The operation that its tags name. */
  readonly createdBy: string;
}

export async function findUnrecorded(ports: Looking): Promise<readonly UnrecordedIdentity[]> {
  const found: UnrecordedIdentity[] = [];
  for (const alias of Object.keys(ports.catalog.clusters)) {
    const { subscriptionId, identityResourceGroup: resourceGroup } = findCluster(ports.catalog, alias);
    for (const identity of await ports.identities.listIn({ subscriptionId, resourceGroup })) {
      const tagged = readMarked(identity, alias);
      if (!tagged || (await isRecorded(ports, tagged))) continue;
      // An offboarding may have ended since the list was read.
      const current = await ports.identities.get({ subscriptionId, resourceGroup, name: identity.name });
      if (current?.clientId === identity.clientId) found.push(tagged);
    }
  }
  return found;
}

/** Clusters of the catalog may share a resource group: an identity belongs to the one that its tags name. */
function readMarked(identity: ManagedIdentity, cluster: string): UnrecordedIdentity | undefined {
  const ownership = readTags(identity.tags);
  const namespace = ownership?.berth.slice(cluster.length + 1) ?? "";
  const berth = { cluster, namespace };
  if (!ownership || ownership.berth !== berthKey(berth) || namespace === "") return undefined;
  return { identity, berth, createdBy: ownership.operation };
}

async function isRecorded(
  { registry }: Pick<Ports, "registry">,
  { identity, berth, createdBy }: UnrecordedIdentity,
): Promise<boolean> {
  const record = await registry.getNamespace(berth);
  if (!record) return false;
  // Its operation decides about the identity.
  return isHeld(record) || isKnownTo(record, identity, { operation: "", createdBy });
}

export function unrecordedFinding({ identity, createdBy }: UnrecordedIdentity): Finding {
  const { name, clientId } = identity;
  return finding("IDENTITY_UNRECORDED", name, {
    field: "clientId",
    expected: null,
    found: `${clientId}, of operation ${createdBy}`,
  });
}

/** One sentence. */
export function describeUnrecorded({ identity: { name, clientId }, berth }: UnrecordedIdentity): string {
  return `No record knows identity ${name} (client ID ${clientId}), which has Mooring's tags for ${berthKey(berth)}.`;
}
