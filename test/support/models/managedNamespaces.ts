/** Managed namespaces in memory: a write replaces the whole, if it has the newest ETag. */
import { TransientError } from "../../../src/domain/errors.ts";
import type { ManagedNamespace, ManagedNamespaceRef, ManagedNamespaces } from "../../../src/ports/managedNamespaces.ts";
import type { Calls } from "./calls.ts";

/** By cluster and name. */
export type ManagedModel = Map<string, ManagedNamespace>;

export function managedKey({ clusterId, name }: ManagedNamespaceRef): string {
  return `${clusterId}/${name}`;
}

export function createManagedModel(managed: ManagedModel, { read, write }: Calls): ManagedNamespaces {
  return {
    get: (ref) => read("get managed namespace", () => managed.get(managedKey(ref))),
    replace: (ref, document, eTag) =>
      write("put managed namespace", () => {
        const current = managed.get(managedKey(ref));
        if (current?.eTag !== eTag) throw new TransientError("ARM_CONCURRENT_WRITE", "412", { isWithoutEffect: true });
        managed.set(managedKey(ref), { document, eTag: `${Number(eTag) + 1}`, state: "Succeeded" });
      }),
  };
}
