/** Whose access a namespace has, at every moment: no team may see or use what was given for another team's request. */
import { identityName } from "../../../src/domain/naming/names.ts";
import { readMark } from "../../../src/domain/naming/ownership.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { OperationRecord, StepRecord } from "../../../src/domain/operation/records.ts";
import { waysOf } from "../../../src/domain/targets/databaseRoles.ts";
import { keyOf } from "../../../src/domain/targets/sqlDatabase.ts";
import type { Users } from "../../support/models/databases.ts";
import type { Rows } from "../../support/models/tables.ts";
import type { Call } from "./faults.ts";

interface Watched {
  readonly rows: ReadonlyMap<string, Rows>;
  readonly users: Users;
  /** Filled with what is wrong. */
  readonly strange: Set<string>;
}

/** Looks after everything that gives or takes access, or changes whose namespace it is. */
export function watchOwners(watched: Watched, call: Call): Call {
  return (wire, name, effect) =>
    call(wire, name, () => {
      const result = effect();
      if (/^(change|apply|put) |^replace MooringNamespaces$/.test(name)) look(watched);
      return result;
    });
}

function look({ rows, users, strange }: Watched): void {
  const operations = recordsOf<OperationRecord>(rows, "MooringOperations");
  if (new Set(operations.map(({ team }) => team)).size < 2) return;
  for (const record of recordsOf<NamespaceRecord>(rows, "MooringNamespaces")) {
    if (hasOnlyAsked(record, rows)) continue;
    const isHere = (each: OperationRecord) => each.cluster === record.cluster && each.namespace === record.namespace;
    const own = operations.filter((each) => isHere(each) && each.team === record.team);
    const others = new Map(
      operations.filter((each) => isHere(each) && each.team !== record.team).map((each) => [each.id, each.team]),
    );
    const asked = new Set(own.flatMap(({ request }) => grantsIn(request)));
    for (const [database, inDatabase] of users) {
      const { grants = {} } = readMark(inDatabase.get(identityName(record))?.mark) ?? {};
      for (const [grant, by] of Object.entries(grants)) {
        if (!others.has(by) || asked.has(`${grant} in ${database}`)) continue;
        strange.add(`${record.team} has ${grant} in ${database}, which ${others.get(by)} got`);
      }
    }
  }
}

/**
 * A team's first request for a namespace gets nothing before its preflight is over, which refuses what another team left: an
 * identity whose row was lost. Undos give nothing either, if they fail for good.
 */
function hasOnlyAsked({ state, previous, operation }: NamespaceRecord, rows: Watched["rows"]): boolean {
  if ((state !== "Onboarding" && state !== "Incomplete") || previous) return false;
  const steps = [...(rows.get("MooringSteps")?.values() ?? [])].filter(({ partition }) => partition === operation);
  return steps.every(({ record }) => givesNothing(record as StepRecord));
}

function givesNothing({ name, status }: StepRecord): boolean {
  return name === "preflight" || status === "NotStarted" || /^(remove|revoke|withdraw|un)[A-Z]?/.test(name);
}

function recordsOf<R>(rows: Watched["rows"], table: string): readonly R[] {
  return [...(rows.get(table)?.values() ?? [])].map(({ record }) => record as R);
}

function grantsIn({ databases }: OperationRecord["request"]): readonly string[] {
  return databases.flatMap((database) => waysOf(database.roles).map(({ name }) => `${name} in ${keyOf(database)}`));
}
