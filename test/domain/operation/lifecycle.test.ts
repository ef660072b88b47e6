/** State × event → record: what a namespace's record is after an operation has begun, and after it has ended. */

import { describe, expect, it } from "vitest";
import { type Finding, finding } from "../../../src/domain/finding.ts";
import {
  beginCompensation,
  beginMigration,
  beginOffboarding,
  beginRepair,
  depthOf,
  type End,
  end,
  handOver,
  isFree,
  isHeld,
  kindOf,
  type Opening,
  open,
  operationOf,
  requestForTeam,
  requestsOf,
  supersede,
} from "../../../src/domain/operation/lifecycle.ts";
import type { Migration } from "../../../src/domain/operation/migration.ts";
import type {
  Compensated,
  FreeRecord,
  HeldRecord,
  NamespaceRecord,
  RecordIn,
} from "../../../src/domain/operation/namespaceRecord.ts";
import { NamespaceState } from "../../../src/domain/operation/namespaceState.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { clientIdOf } from "../../support/ids.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const requestFor = (database: string) =>
  OnboardingRequest.parse({ ...namespaceRef, databases: [{ server: "sql-dev", database, roles: ["reader"] }] });
const [first, second, third] = [requestFor("messages"), requestFor("orders"), requestFor("stock")];
const [t1, t2, t3] = ["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"];
const clientId = clientIdOf("5f1a7a1e-0000-4000-8000-000000000001");
const trace = (id: string) => `00-${id.repeat(32)}-b7ad6b7169203331-01`;
const broken = finding("USER_MISSING", "sql-dev/messages", { field: "user", expected: "there", found: null });
const added = finding("IDENTITY_TAGS_ADDED", "id-team-a", { field: "tags", expected: null, found: "owner" });

/** What the previous operation wrote, and what the next one writes. */
const was = {
  ...namespaceRef,
  operation: "op-1",
  request: first,
  requestHash: "hash-1",
  requestedBy: "anna",
  acceptedTime: t1,
  traceparent: trace("1"),
  team: "red",
  namespaceUid: "uid-1",
  batch: { operation: "batch-1", isStarter: true },
};
const known = {
  onboardedTime: t1,
  verifiedTime: t1,
  lookedTime: t1,
  clientId,
  onboardedBy: "op-1",
  findings: [broken, added],
  repairTried: { findings: "fingerprint", time: t1 },
};
const beginning = {
  operation: "op-2",
  requestedBy: "ben",
  acceptedTime: t2,
  traceparent: trace("2"),
  batch: undefined,
};
const opening: Opening = { ...beginning, ...namespaceRef, request: second, requestHash: "hash-2", team: "red" };
const migration: Migration = { until: "retire", serviceAccount: "app", selector: "team-a" };
const compensates: Compensated = { of: "op-1", createdBy: "op-1", undos: ["removeIdentity"] };
const ofMigration: Compensated = {
  ...compensates,
  migrating: { request: first, clientId, migration: { ...migration, completed: "sideBySide" } },
};

const { batch: _batch, traceparent: _trace, cluster: _cluster, namespace: _namespace, ...restorable } = was;
const previous = { ...restorable, state: "Onboarded" } as const;
const halfDone = { ...restorable, state: "Incomplete", earlier: third, previous } as const;

const onboarded: RecordIn<"Onboarded"> = { ...was, ...known, state: "Onboarded" };
const incomplete: RecordIn<"Incomplete"> = { ...was, ...known, state: "Incomplete", earlier: third, previous };
const held = { ...was, ...known, ...beginning, request: second, requestHash: "hash-2" };
const own = { ...was, ...known, ...beginning };
/** Of an operation that is not about the request, with who asked for that. */
const upkeep = { ...own, askedBy: "anna" };
const records: { readonly [S in NamespaceState]: RecordIn<S> } = {
  Onboarding: { ...held, state: "Onboarding", previous: halfDone },
  Changing: { ...held, state: "Changing", earlier: first, previous },
  Onboarded: onboarded,
  Offboarding: {
    ...own,
    state: "Offboarding",
    offboarding: {
      ignoreDependants: false,
      before: { state: "Onboarded", operation: "op-1", requestedBy: "anna", acceptedTime: t1 },
    },
  },
  Compensating: { ...own, state: "Compensating", earlier: third, previous, compensates },
  Repairing: { ...own, state: "Repairing" },
  Migrating: { ...own, state: "Migrating", migration, clientId },
  Incomplete: incomplete,
};

const { team: _team, ...openingOfNoTeam } = opening;
const { team: _owner, namespaceUid: _uid, ...previousOfNoTeam } = previous;
const { previous: _previous, ...onlyHalfDone } = incomplete;

describe("an operation begins", () => {
  it.each<[string, NamespaceRecord, object]>([
    ["no record: onboarding", open(opening), { ...opening, state: "Onboarding" }],
    [
      "Onboarded, by a request that replaces another: the previous record is kept to be restored",
      supersede(onboarded, opening, { earlier: first, takeOver: false }),
      { ...known, namespaceUid: "uid-1", ...opening, state: "Changing", earlier: first, previous },
    ],
    [
      "Onboarded, by the same request in a take-over: the existing namespace counts, and stays its team's for now",
      supersede(onboarded, { ...opening, team: "blue" }, { earlier: undefined, takeOver: true }),
      { ...known, ...opening, team: "red", takenBy: "blue", state: "Onboarding", previous },
    ],
    [
      "Onboarded, by its own team in a take-over: there is nothing to hand over",
      supersede(onboarded, opening, { earlier: undefined, takeOver: true }),
      { ...known, ...opening, state: "Onboarding", previous },
    ],
    [
      "Incomplete, after a take-over, by the first team's request: the take-over is over",
      supersede({ ...incomplete, takenBy: "blue" }, opening, { earlier: first, takeOver: false }),
      {
        ...known,
        namespaceUid: "uid-1",
        ...opening,
        state: "Changing",
        earlier: first,
        previous: { ...halfDone, takenBy: "blue" },
      },
    ],
    [
      "Onboarded, by an operator for no team: the record loses its team",
      supersede(onboarded, openingOfNoTeam, { earlier: first, takeOver: false }),
      { ...known, namespaceUid: "uid-1", ...openingOfNoTeam, state: "Changing", earlier: first, previous },
    ],
    [
      "Incomplete, by a request that replaces another: what it would have restored is still to be restored",
      supersede({ ...incomplete, compensates }, opening, { earlier: first, takeOver: false }),
      { ...known, namespaceUid: "uid-1", ...opening, state: "Changing", earlier: first, previous: halfDone },
    ],
    [
      "Onboarded: offboarding keeps the previous state",
      beginOffboarding({ ...onboarded, migration }, beginning, { ignoreDependants: true }),
      {
        ...upkeep,
        migration,
        state: "Offboarding",
        offboarding: {
          ignoreDependants: true,
          before: {
            state: "Onboarded",
            operation: "op-1",
            requestedBy: "anna",
            acceptedTime: t1,
            traceparent: trace("1"),
          },
        },
      },
    ],
    [
      "Incomplete: offboarding keeps what is left to remove",
      beginOffboarding(incomplete, beginning, { ignoreDependants: false }),
      {
        ...upkeep,
        state: "Offboarding",
        earlier: third,
        previous,
        offboarding: {
          ignoreDependants: false,
          before: {
            state: "Incomplete",
            operation: "op-1",
            requestedBy: "anna",
            acceptedTime: t1,
            traceparent: trace("1"),
          },
        },
      },
    ],
    [
      "Incomplete: compensation",
      beginCompensation(incomplete, beginning, compensates),
      { ...upkeep, state: "Compensating", earlier: third, previous, compensates },
    ],
    [
      "Onboarded: compensation of a migration",
      beginCompensation({ ...onboarded, migration }, beginning, ofMigration),
      { ...upkeep, state: "Compensating", migration, compensates: ofMigration },
    ],
    [
      "Onboarded: repair that somebody requested",
      beginRepair(onboarded, beginning, {}),
      { ...upkeep, state: "Repairing" },
    ],
    [
      "Onboarded: automatic repair",
      beginRepair(onboarded, beginning, { repairTried: { findings: "other", time: t2 } }),
      { ...upkeep, state: "Repairing", repairTried: { findings: "other", time: t2 } },
    ],
    [
      "Onboarded, after a repair: the next one remembers it",
      beginRepair({ ...onboarded, onboardedBy: "op-0" }, beginning, {}),
      { ...upkeep, onboardedBy: "op-0", operationsSince: ["op-1"], state: "Repairing" },
    ],
    [
      "Onboarded, after many operations: a migration remembers the last of them",
      beginMigration(
        { ...onboarded, onboardedBy: "op-0", operationsSince: Array.from({ length: 20 }, (_, at) => `before-${at}`) },
        beginning,
        { migration, clientId },
      ),
      {
        ...upkeep,
        onboardedBy: "op-0",
        operationsSince: [...Array.from({ length: 19 }, (_, at) => `before-${at + 1}`), "op-1"],
        state: "Migrating",
        migration,
        clientId,
      },
    ],
    [
      "Onboarded: migration",
      beginMigration(onboarded, beginning, { migration, clientId }),
      { ...upkeep, state: "Migrating", migration, clientId },
    ],
  ])("%s", (_title, record, expected) => {
    expect(record).toEqual(expected);
  });
});

describe("an operation ends", () => {
  const time = t3;
  const succeeded: End = { status: "Succeeded", leftBehind: false };
  const failed: End = { status: "Failed", leftBehind: false };
  const canceled: End = { status: "Canceled", leftBehind: false };
  const leftBehind: End = { status: "Failed", leftBehind: true };
  const findings: Finding[] = [added];
  const seen = { verifiedTime: time, lookedTime: time, findings };
  const reached = { clientId: clientIdOf("5f1a7a1e-0000-4000-8000-000000000002"), namespaceUid: "uid-2" };
  const { Onboarding, Changing, Offboarding, Compensating, Repairing, Migrating } = records;
  const given = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, { since: time, operation: "op-2" }]));
  const brought = {
    ...{ onboardedTime: time, onboardedBy: "op-2" },
    given: given(...second.databases.map(({ server, database }) => `${server}/${database}`)),
  };
  const restored = { ...own, ...restorable };
  const { team: _team, namespaceUid: _uid, ...restoredOfNoTeam } = restored;
  const { previous: _previous, ...firstCompensated } = Compensating;
  const { repairTried: _tried, ...repaired } = own;
  const fresh = open(opening);
  const beforeHalfDone = { ...Offboarding.offboarding.before, state: "Incomplete" } as const;
  const backTo = (completed: Migration["completed"]): RecordIn<"Compensating"> => ({
    ...own,
    state: "Compensating",
    migration: { ...migration, hasRemains: true },
    compensates: {
      ...compensates,
      migrating: { request: first, clientId, migration: { ...migration, ...(completed ? { completed } : {}) } },
    },
  });

  it.each<[string, HeldRecord, End, object | undefined]>([
    [
      "Onboarding, Succeeded",
      fresh,
      { ...succeeded, ...reached, findings },
      { ...opening, ...reached, ...seen, ...brought, state: "Onboarded" },
    ],
    [
      "Onboarding, Succeeded, with the findings lost in a crash: no error can be left",
      Onboarding,
      succeeded,
      { ...held, ...seen, ...brought, state: "Onboarded" },
    ],
    ["Onboarding, Failed and undone, without a previous record", fresh, failed, undefined],
    ["Onboarding, Canceled and undone, without a previous record", fresh, canceled, undefined],
    ["Onboarding, Failed and undone, after an incomplete one", Onboarding, failed, { ...restored, ...halfDone }],
    ["Onboarding, Failed, and something is left", fresh, leftBehind, { ...opening, state: "Incomplete" }],
    [
      "Onboarding, Failed, and something is left, after an incomplete one",
      Onboarding,
      leftBehind,
      { ...held, state: "Incomplete", previous: halfDone },
    ],
    [
      "Changing, Succeeded",
      Changing,
      { ...succeeded, ...reached, findings },
      { ...held, ...reached, ...seen, ...brought, state: "Onboarded" },
    ],
    [
      "Changing, Succeeded: operations before it no longer count",
      { ...Changing, operationsSince: ["op-1"] },
      { ...succeeded, ...reached, findings },
      { ...held, ...reached, ...seen, ...brought, state: "Onboarded" },
    ],
    [
      "Changing, Failed and undone: they still do",
      { ...Changing, operationsSince: ["op-0"] },
      failed,
      { ...restored, operationsSince: ["op-0"], state: "Onboarded" },
    ],
    ["Changing, Failed and undone", Changing, failed, { ...restored, state: "Onboarded" }],
    [
      "Changing, Failed and undone, previously of no team",
      { ...Changing, previous: previousOfNoTeam },
      failed,
      { ...restoredOfNoTeam, state: "Onboarded" },
    ],
    [
      "Changing, Failed, and something is left",
      Changing,
      leftBehind,
      { ...held, state: "Incomplete", earlier: first, previous },
    ],
    [
      "a take-over, Succeeded",
      { ...Changing, takenBy: "blue" },
      { ...succeeded, ...reached, findings },
      { ...held, ...reached, ...seen, ...brought, team: "blue", state: "Onboarded" },
    ],
    [
      "a take-over, Failed before it took anything away",
      { ...Changing, takenBy: "blue" },
      { ...failed, isUntouched: true },
      { ...restored, state: "Onboarded" },
    ],
    [
      "a take-over, Failed and undone, when it had begun to take away",
      { ...Changing, takenBy: "blue" },
      failed,
      { ...held, state: "Incomplete", earlier: first, previous, takenBy: "blue" },
    ],
    ["Offboarding, Succeeded", Offboarding, succeeded, undefined],
    [
      "Offboarding, Failed before it removed anything",
      Offboarding,
      { ...failed, isUntouched: true },
      { ...own, operation: "op-1", requestedBy: "anna", acceptedTime: t1, state: "Onboarded" },
    ],
    [
      "Offboarding, Canceled before it removed anything, of an incomplete namespace",
      { ...Offboarding, earlier: third, previous, offboarding: { ignoreDependants: false, before: beforeHalfDone } },
      { ...canceled, isUntouched: true },
      {
        ...own,
        operation: "op-1",
        requestedBy: "anna",
        acceptedTime: t1,
        state: "Incomplete",
        earlier: third,
        previous,
      },
    ],
    ["Offboarding, Failed partway", { ...Offboarding, migration }, failed, { ...own, state: "Incomplete", migration }],
    ["Compensating, Succeeded", Compensating, succeeded, { ...restored, state: "Onboarded" }],
    ["Compensating, Succeeded, without a previous record", firstCompensated, succeeded, undefined],
    [
      "Compensating a take-over, Succeeded: what was taken away is not given back",
      { ...Compensating, team: "blue", takenBy: "blue" },
      succeeded,
      { ...own, team: "blue", takenBy: "blue", state: "Incomplete", earlier: third, previous },
    ],
    [
      "Compensating, Failed again",
      Compensating,
      leftBehind,
      { ...own, state: "Incomplete", earlier: third, previous, compensates },
    ],
    [
      "Compensating a migration, Succeeded: back to the phase completed before",
      backTo("sideBySide"),
      succeeded,
      { ...own, state: "Onboarded", migration: { ...migration, completed: "sideBySide" } },
    ],
    [
      "Compensating a migration, Succeeded: to before its first write",
      backTo(undefined),
      succeeded,
      { ...own, state: "Onboarded" },
    ],
    [
      "Compensating a migration, Failed again: the phase stays the same",
      backTo("sideBySide"),
      leftBehind,
      { ...own, state: "Onboarded", migration: { ...migration, hasRemains: true, leftBy: own.operation } },
    ],
    [
      "Repairing, Succeeded: it may be tried again",
      Repairing,
      { ...succeeded, ...reached, findings },
      { ...repaired, ...reached, ...seen, state: "Onboarded" },
    ],
    [
      "Repairing, Succeeded: who asked for the request still has",
      { ...Repairing, askedBy: "anna" },
      { ...succeeded, ...reached, findings },
      { ...repaired, ...reached, ...seen, state: "Onboarded", requestedBy: "anna" },
    ],
    [
      "Repairing, Failed: still Onboarded",
      { ...Repairing, migration },
      leftBehind,
      { ...own, migration, state: "Onboarded" },
    ],
    [
      "Repairing, Canceled after it has remade the identity: the new one counts",
      Repairing,
      { ...canceled, clientId: reached.clientId },
      { ...own, clientId: reached.clientId, state: "Onboarded" },
    ],
    [
      "Migrating, Succeeded to the end",
      Migrating,
      { ...succeeded, findings, migration: { completed: "retire", podsToMove: [] } },
      { ...own, ...seen, state: "Onboarded" },
    ],
    [
      "Migrating, Succeeded up to a phase: it continues from there, and earlier findings stay",
      Migrating,
      { ...succeeded, migration: { completed: "cutOver", podsToMove: [] } },
      { ...own, state: "Onboarded", migration: { ...migration, completed: "cutOver" } },
    ],
    [
      "Migrating, Succeeded with only a look: an inventory leaves nothing",
      Migrating,
      { ...succeeded, migration: { completed: "inventory", podsToMove: [] } },
      { ...own, state: "Onboarded" },
    ],
    ["Migrating, Failed before it wrote anything", Migrating, failed, { ...own, state: "Onboarded" }],
    [
      "Migrating, Failed, and something is left",
      Migrating,
      leftBehind,
      { ...own, state: "Onboarded", migration: { ...migration, hasRemains: true, leftBy: own.operation } },
    ],
    [
      "Migrating, Canceled after a phase of an earlier call",
      { ...Migrating, migration: { ...migration, completed: "verify" } },
      canceled,
      { ...own, state: "Onboarded", migration: { ...migration, completed: "verify" } },
    ],
  ])("%s", (_title, record, outcome, expected) => {
    expect(end(record, outcome, time)).toEqual(expected);
  });
});

describe("the operation of a record", () => {
  it.each(NamespaceState.options)("%s", (state) => {
    const record = records[state];
    const kinds: Record<NamespaceState, string> = {
      Onboarding: "onboard",
      Changing: "change",
      Onboarded: "onboard",
      Offboarding: "offboard",
      Compensating: "compensate",
      Repairing: "repair",
      Migrating: "migrate",
      Incomplete: "onboard",
    };

    expect(kindOf(record)).toBe(kinds[state]);
    expect(isHeld(record)).toBe(state.endsWith("ing"));
    expect(isFree(record)).toBe(!isHeld(record));
    expect(operationOf(record)).toMatchObject({
      id: record.operation,
      kind: kinds[state],
      createdTime: record.acceptedTime,
    });
  });

  it("has what its kind needs, and nothing of the previous record", () => {
    const { Changing, Compensating, Migrating, Offboarding } = records;
    const tried: RecordIn<"Offboarding"> = { ...Offboarding, migration, compensates };

    expect(operationOf(Changing)).toMatchObject({ earlier: first });
    expect(operationOf(Compensating)).toMatchObject({ compensates, earlier: third });
    expect(operationOf(Migrating)).toMatchObject({ migration });
    expect(operationOf(tried)).toMatchObject({ migration });
    expect(operationOf(tried)).not.toHaveProperty("compensates");
    expect(operationOf({ ...onboarded, migration })).not.toHaveProperty("migration");
  });
});

it("hands a namespace over once", () => {
  const taking: HeldRecord = { ...records.Changing, takenBy: "blue" };

  const taken = handOver(taking);

  expect(taken).toEqual({ ...taking, team: "blue" });
  expect(taken && handOver(taken)).toBeUndefined();
  expect(handOver(records.Changing)).toBeUndefined();
});

it("shows a team its own request until the namespace is handed over", () => {
  const taking: HeldRecord = { ...records.Changing, takenBy: "blue" };
  const again = { ...taking, previous: { ...halfDone, request: second, takenBy: "blue" } };

  expect(requestForTeam(taking)).toBe(first);
  expect(requestForTeam(again)).toBe(first);
  expect(requestForTeam({ ...taking, team: "blue" })).toBe(second);
  expect(requestForTeam(records.Changing)).toBe(second);
});

it("knows every request of which something may be there or come back", () => {
  expect(requestsOf(onboarded)).toEqual([first]);
  expect(requestsOf(records.Changing)).toEqual([second, first, first]);
  expect(requestsOf({ ...incomplete, previous: halfDone })).toEqual([first, third, first, third, first]);
});

it("counts the chain of previous records", () => {
  const depths: readonly [FreeRecord, number][] = [
    [onboarded, 0],
    [onlyHalfDone, 0],
    [incomplete, 1],
    [{ ...incomplete, previous: halfDone }, 2],
    [{ ...incomplete, previous: { ...halfDone, previous: halfDone } }, 3],
  ];

  expect(depths.map(([record]) => depthOf(record))).toEqual(depths.map(([, depth]) => depth));
});
