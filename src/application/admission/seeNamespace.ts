/** Which namespaces a caller sees. */
import type { Caller } from "../../domain/access/caller.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { maySee } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";

/** A namespace that the caller may not see does not exist for that caller. */
export function mustSee(
  by: Caller,
  namespaceRef: NamespaceRef,
): (record: Stored<NamespaceRecord> | undefined) => Stored<NamespaceRecord> {
  return (record) => {
    if (!record || !maySee(by, record)) throw notOnboarded(namespaceRef);
    return record;
  };
}

/** The same message whether the namespace does not exist or belongs to another team. */
export function notOnboarded(namespaceRef: NamespaceRef): Refusal {
  return new Refusal("NOT_ONBOARDED", `Mooring has not onboarded ${namespaceKey(namespaceRef)}.`);
}
