/** The tables of every release, read by the current code. */
import { afterEach, expect, it } from "vitest";
import { createAudit } from "../../src/adapters/registry/audit.ts";
import { schemaVersion } from "../../src/adapters/registry/entities.ts";
import { heldStates } from "../../src/domain/operation/namespaceState.ts";
import { startTables, type Tables } from "../support/tableService.ts";
import { furnishSparsely } from "./support/furnish.ts";
import { type Records, readBack } from "./support/readBack.ts";
import { readFixture, releases } from "./support/releases.ts";
import { dumpTables, loadTables, type Tables as Rows } from "./support/tableRows.ts";

const started: Tables[] = [];

afterEach(async () => {
  for (const tables of started.splice(0)) await tables.close();
});

/** Files that this code wrote in the given release. */
const recordsOf = (release: string) => readFixture(release, "records.json") as Records;
const rowsOf = (release: string) => readFixture(release, "tables.json") as Rows;

it.each(releases)("reads every row of %s as that release did", async (release) => {
  const then = recordsOf(release);
  const tables = await startTables();
  started.push(tables);
  await loadTables(tables.settings, rowsOf(release));

  const { listed, records } = await readBack(
    tables.settings,
    then.keys.flatMap((key) => key ?? []),
  );

  expect(records).toEqual(then);
  const { items, ...others } = listed;
  expect(then).toMatchObject(others);
  expect(Object.values(then.items).flat()).toMatchObject(Object.values(items).flat());
});

it.each(releases)("continues the audit trail of %s", async (release) => {
  const { audit: entries } = recordsOf(release);
  const [newest] = entries;
  if (!newest) throw new Error("the trail is empty");
  const tables = await startTables();
  started.push(tables);
  const { MooringAudit = [] } = rowsOf(release);
  await loadTables(tables.settings, { MooringAudit });
  const audit = createAudit(tables.settings);

  const { sequence, previousHash: _before, hash: _own, ...entry } = newest;
  await audit.append(entry);
  await audit.append({ ...entry, id: "of-today" });

  const [first] = (await audit.read({ limit: 1 })).value;
  expect(first).toMatchObject({ id: "of-today", sequence: sequence + 1 });
  expect(await audit.verify()).toMatchObject({ valid: true, entries: entries.length + 1 });
});

it("writes its format version into every row", async () => {
  const tables = await startTables();
  started.push(tables);

  await furnishSparsely(tables.settings);

  const written = await dumpTables(tables.settings);
  expect(Object.values(written).filter((rows) => rows.length === 0)).toEqual([]);
  expect(Object.keys(written)).toHaveLength(7);
  const rows = Object.values(written).flat();
  expect(rows.filter(({ v }) => v !== schemaVersion)).toEqual([]);
});

it.each(releases)("has every table and every possible state of a record, in %s", (release) => {
  const { namespaces, operations, keys, audit, chain } = recordsOf(release);
  const kinds = operations.map((each) => `${each?.kind} ${each?.status}`);
  const states = new Set(namespaces.map((each) => each?.state));

  expect(Object.values(rowsOf(release)).filter((rows) => rows.length === 0)).toEqual([]);
  expect(Object.keys(rowsOf(release))).toHaveLength(7);
  expect(states).toEqual(new Set([...heldStates, "Onboarded", "Incomplete"]));
  expect(kinds).toEqual(
    expect.arrayContaining([
      "onboard Succeeded",
      "onboard Failed",
      "onboard Canceled",
      "onboard Running",
      "onboard NotStarted",
      "change Succeeded",
      "offboard Succeeded",
      "offboard Failed",
      "repair Succeeded",
      "migrate Succeeded",
      "migrate Failed",
      "compensate Failed",
      "batch Failed",
      "batch Canceled",
      "batch Running",
      "batch NotStarted",
    ]),
  );
  expect(namespaces.some((each) => each?.state === "Incomplete" && each.previous?.previous)).toBe(true);
  expect(keys.map((key) => key?.answer?.status)).toEqual([202, undefined]);
  expect(chain).toMatchObject([{ valid: true, entries: audit.length }]);
});
