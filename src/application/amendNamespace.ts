import { type Berth, berthKey } from "../domain/naming/names.ts";
import type { NamespaceRecord } from "../domain/operation/namespaceRecord.ts";
import type { Stored } from "../domain/operation/records.ts";
import type { Registry } from "../ports/registry.ts";
import { type Amended, amend } from "./amend.ts";

/** Amends a namespace's record, if there is one: `next` returns the whole new one. */
export async function amendNamespace<N extends NamespaceRecord>(
  registry: Pick<Registry, "getNamespace" | "replaceNamespace">,
  berth: Berth,
  next: (record: Stored<NamespaceRecord>) => N | undefined | Promise<N | undefined>,
): Promise<Amended<Stored<NamespaceRecord> | undefined, N>> {
  return await amend({
    what: `The record of ${berthKey(berth)}`,
    read: () => registry.getNamespace(berth),
    next,
    write: ({ etag }, changed) => registry.replaceNamespace({ ...changed, etag }),
  });
}
