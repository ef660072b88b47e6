import { beginningOf, clientIdOf, expectOnboarded, findSettled } from "../../application/admission/claim.ts";
import { mustSee } from "../../application/admission/seeNamespace.ts";
import { amend } from "../../application/amend.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { type Beginning, beginMigration, beginRepair } from "../../domain/operation/lifecycle.ts";
import type { Migration } from "../../domain/operation/migration.ts";
import type { NamespaceRecord, OnboardedRecord, RecordIn } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { type Accepted, acceptOnce, attach, begin, type Desk } from "./acceptance.ts";

/** What an operation on an onboarded namespace writes into its record besides holding it. */
interface Prepared {
  readonly Repairing: Pick<NamespaceRecord, "repairTried">;
  readonly Migrating: { readonly migration: Migration };
}

type Upkeep = keyof Prepared;

const begins: {
  readonly [S in Upkeep]: (current: OnboardedRecord, beginning: Beginning, prepared: Prepared[S]) => RecordIn<Upkeep>;
} = {
  Repairing: beginRepair,
  Migrating: (current, beginning, { migration }) =>
    beginMigration(current, beginning, { migration, clientId: clientIdOf(current) }),
};

/**
 * Begins an operation that leaves the namespace onboarded, and its owner as it is. While one of the same kind runs, that
 * one is the answer, unless `isAsked` says that it is about something else. `prepare` looks at the record and may refuse.
 */
export async function acceptUpkeep<S extends Upkeep>(
  desk: Desk,
  state: S,
  {
    berth,
    prepare,
    isAsked = () => true,
  }: {
    berth: Berth;
    prepare: (record: Stored<OnboardedRecord>) => Prepared[S];
    isAsked?: (running: NamespaceRecord) => boolean;
  },
): Promise<Accepted> {
  const { registry } = desk.ports;
  return await acceptOnce(desk, async (own) => {
    const { record, change } = await amend({
      what: `The record of ${berthKey(berth)}`,
      read: () => findSettled(registry, berth, mustSee(own.by, berth)),
      next(current) {
        if ((current.state === state && isAsked(current)) || current.operation === own.operation) return undefined;
        expectOnboarded(current);
        return begins[state](current, beginningOf(own), prepare(current));
      },
      write: ({ etag }, next) => registry.replaceNamespace({ ...next, etag }),
    });
    return change ? begin(own, change) : attach(own, record);
  });
}
