import { expectFree, findSettled, newRecord } from "../../application/admission/claim.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { NamespaceRecord, Stored } from "../../domain/operation/records.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { type Accepted, attach, begin, type Desk } from "./acceptance.ts";
import { mustSee } from "./readBerth.ts";

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
  for (;;) {
    const current = mustSee(desk.by, berth, await findSettled(registry, berth));
    if (current.state === state) return attach(desk, current);
    expectOnboarded(current);
    const next = { ...current, ...prepare(current), ...newRecord(desk, state, current.request, current.requestHash) };
    if (await registry.replaceNamespace(next)) return begin(desk, next);
  }
}

/** Neither held by an operation nor left half done by one. */
export function expectOnboarded(record: NamespaceRecord): void {
  expectFree(record);
  if (record.state === "Onboarded") return;
  throw new Refusal("NAMESPACE_INCOMPLETE", `Operation ${record.operation} left ${berthKey(record)} half done.`);
}
