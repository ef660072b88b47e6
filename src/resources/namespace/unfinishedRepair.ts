import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { readMetadata } from "../../domain/naming/ownership.ts";
import type { KubernetesObject, Registry } from "../../ports.ts";

/**
 * Whether a repair made the namespace anew and did not come to its end: then the record has the UID of the one before. The
 * mark alone proves nothing, since whoever may make namespaces may write it; the operation that it names is looked up.
 */
export async function isOfUnfinishedRepair(
  registry: Pick<Registry, "getOperation">,
  berth: Berth,
  { metadata }: KubernetesObject,
): Promise<boolean> {
  const mark = readMetadata(metadata);
  if (mark?.berth !== berthKey(berth)) return false;
  const maker = await registry.getOperation(mark.operation);
  return maker?.kind === "repair" && maker.status !== "Succeeded" && berthKey(maker) === mark.berth;
}
