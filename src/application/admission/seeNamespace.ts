/** Which namespaces a caller sees. */
import type { Caller } from "../../domain/access/caller.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { maySee } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";

/** A namespace that the caller may not see does not exist for that caller. */
export function mustSee(
  by: Caller,
  berth: Berth,
): (record: Stored<NamespaceRecord> | undefined) => Stored<NamespaceRecord> {
  return (record) => {
    if (!record || !maySee(by, record)) throw notOnboarded(berth);
    return record;
  };
}

/** The same message whether the namespace does not exist or belongs to another team. */
export function notOnboarded(berth: Berth): Refusal {
  return new Refusal("NOT_ONBOARDED", `Mooring has not onboarded ${berthKey(berth)}.`);
}
