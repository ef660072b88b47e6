import type { Berth } from "../../domain/naming/names.ts";
import type { Ports } from "../../ports/index.ts";

/**
 * Whether the namespace's record begins with this operation: what an earlier one gave was then asked for by nobody whom the
 * registry knows.
 */
export async function isFirst(
  registry: Pick<Ports["registry"], "getNamespace">,
  { cluster, namespace, operation }: Berth & { readonly operation: string },
): Promise<boolean> {
  const record = await registry.getNamespace({ cluster, namespace });
  return !record || (record.operation === operation && record.previous === undefined);
}
