/** Claims a namespace that has a record, for an operation that takes nothing from a request: repair, migration, offboarding. */
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import {
  type Beginning,
  beginMigration,
  beginOffboarding,
  beginRepair,
  isHeld,
} from "../../domain/operation/lifecycle.ts";
import type { Migration } from "../../domain/operation/migration.ts";
import type { HeldRecord, NamespaceRecord, OnboardedRecord, RecordIn } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { amend } from "../amend.ts";
import { beginningOf, type Claim, clientIdOf, expectFree, expectOnboarded, findCurrent } from "./claim.ts";
import type { ClaimContext } from "./claimContext.ts";
import { mustSee } from "./seeNamespace.ts";
import { withPlaces } from "./withPlaces.ts";

/** What an operation on an onboarded namespace writes to its record in addition to the claim. */
export interface Prepared {
  readonly Repairing: Pick<NamespaceRecord, "repairTried" | "adoptIdentity">;
  readonly Migrating: { readonly migration: Migration };
}

export type Upkeep = keyof Prepared;

const begins: {
  readonly [S in Upkeep]: (current: OnboardedRecord, beginning: Beginning, prepared: Prepared[S]) => RecordIn<Upkeep>;
} = {
  Repairing: beginRepair,
  Migrating: (current, beginning, { migration }) =>
    beginMigration(current, beginning, { migration, clientId: clientIdOf(current) }),
};

export interface UpkeepOptions<S extends Upkeep> {
  /** Checks the record and may refuse it. */
  readonly prepare: (record: Stored<OnboardedRecord>) => Prepared[S];
  /** Whether the running operation does what this request asks for. */
  readonly isAsked?: (running: NamespaceRecord) => boolean;
}

/**
 * For an operation that leaves the namespace onboarded and its owner unchanged. If one of the same kind is running, it is the
 * answer, unless `isAsked` says that it does something else.
 */
export async function claimUpkeep<S extends Upkeep>(
  claimContext: ClaimContext,
  state: S,
  { namespaceRef, prepare, isAsked = () => true }: UpkeepOptions<S> & { readonly namespaceRef: NamespaceRef },
): Promise<Claim> {
  return await claimExisting(claimContext, namespaceRef, {
    isAnswer: (current) => current.state === state && isAsked(current),
    next(current, beginning) {
      expectOnboarded(current);
      const known = { ...current, ...withPlaces(claimContext.ports.catalog, current) };
      return begins[state](known, beginning, prepare(current));
    },
  });
}

export interface OffboardingOptions {
  /** Throws when the record is not the one that the caller saw; called again after each read. */
  readonly expect?: (record: Stored<NamespaceRecord>) => void;
  readonly ignoreDependants?: boolean;
}

export async function claimOffboarding(
  claimContext: ClaimContext,
  namespaceRef: NamespaceRef,
  { expect = () => undefined, ignoreDependants = false }: OffboardingOptions = {},
): Promise<Claim> {
  return await claimExisting(claimContext, namespaceRef, {
    // Even with an old If-Match: this same request changed the record the first time it was sent.
    isAnswer: ({ state }) => state === "Offboarding",
    next(current, beginning) {
      expect(current);
      expectFree(current);
      return beginOffboarding(current, beginning, { ignoreDependants });
    },
  });
}

interface Claiming {
  /** Whether an operation that does the same is already running. */
  readonly isAnswer: (current: Stored<NamespaceRecord>) => boolean;
  readonly next: (current: Stored<NamespaceRecord>, beginning: Beginning) => HeldRecord;
}

export async function claimExisting(
  claimContext: ClaimContext,
  namespaceRef: NamespaceRef,
  { isAnswer, next }: Claiming,
): Promise<Claim> {
  const { registry } = claimContext.ports;
  const beginning = beginningOf(claimContext);
  const isOwn = ({ operation }: NamespaceRecord) => operation === beginning.operation;
  const { record, change } = await amend({
    what: `The record of ${namespaceKey(namespaceRef)}`,
    read: () => findCurrent(registry, namespaceRef, mustSee(claimContext.by, namespaceRef)),
    next: (current) => (isOwn(current) || isAnswer(current) ? undefined : next(current, beginning)),
    write: ({ etag }, held) => registry.replaceNamespace({ ...held, etag }),
  });
  if (change) return { record: change, how: "begun" };
  // The answer to the write was lost, and the retry found what the first attempt had written.
  return isOwn(record) && isHeld(record) ? { record, how: "begun" } : { record, how: "follows" };
}
