/** Which namespaces a caller sees. */
import type { Caller } from "../../domain/access/caller.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { maySee } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";

/** What the caller may not see is not there. */
export function mustSee(
  by: Caller,
  berth: Berth,
): (record: Stored<NamespaceRecord> | undefined) => Stored<NamespaceRecord> {
  return (record) => {
    if (!record || !maySee(by, record)) throw notOnboarded(berth);
    return record;
  };
}

/** The same words for what is not there and for what is another team's. */
export function notOnboarded(berth: Berth): Refusal {
  return new Refusal("NOT_ONBOARDED", `Mooring has not onboarded ${berthKey(berth)}.`);
}
