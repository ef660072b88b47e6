import { expectOnboarded, findSettled, newRecord } from "../../application/admission/claim.ts";
import { mustSee } from "../../application/admission/seeNamespace.ts";
import { amend } from "../../application/amend.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { NamespaceRecord, Stored } from "../../domain/operation/records.ts";
import { type Accepted, attach, begin, type Desk } from "./acceptance.ts";

/** What an operation on an onboarded namespace writes into its record besides holding it. */
type Held = Partial<Pick<NamespaceRecord, "migration" | "repairTried">>;

/**
 * Begins an operation that leaves the namespace onboarded, and its owner as it is. While one of the same kind runs, that
 * one is the answer. `prepare` looks at the record and may refuse.
 */
export async function acceptUpkeep(
  desk: Desk,
  state: "Repairing" | "Migrating",
  { berth, prepare }: { berth: Berth; prepare: (record: Stored<NamespaceRecord>) => Held },
): Promise<Accepted> {
  const { registry } = desk.ports;
  const { record, change } = await amend({
    what: `The record of ${berthKey(berth)}`,
    read: async () => mustSee(desk.by, berth, await findSettled(registry, berth)),
    next(current) {
      if (current.state === state) return undefined;
      expectOnboarded(current);
      return { ...current, ...prepare(current), ...newRecord(desk, state, current.request, current.requestHash) };
    },
    write: (_current, next) => registry.replaceNamespace(next),
  });
  return change ? begin(desk, change) : attach(desk, record);
}
