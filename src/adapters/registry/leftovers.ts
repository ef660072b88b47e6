/**
 * What operations left to tidy up.
 *
 * | table           | partition           | row                                      |
 * | MooringRemains  | `cluster:namespace` | hash of the resource, target and place   |
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../domain/canonicalJson.ts";
import type { Leftover } from "../../domain/operation/leftover.ts";
import type { Leftovers } from "../../ports/registry.ts";
import type { Table } from "./tables.ts";

export function createLeftoversOn(remains: Table<Leftover>): Leftovers {
  return {
    listLeftovers: async () => (await remains.readable([])).value,
    rememberLeftover: (record) => remains.merge(partitionOf(record), rowOf(record), record),
    async forgetLeftover(record) {
      await remains.remove(partitionOf(record), rowOf(record), record.etag);
    },
  };
}

/** Neither part can contain a colon. */
function partitionOf({ cluster, namespace }: Leftover): string {
  return `${cluster}:${namespace}`;
}

function rowOf({ resource, target, place }: Leftover): string {
  return createHash("sha256").update(canonicalJson({ resource, target, place })).digest("hex");
}
