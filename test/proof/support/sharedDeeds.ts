/** What happens to a shared identity besides: to its role on a PostgreSQL server, or to a row in the registry. */

import { createDice } from "test-support/random";
import type { NamespaceRef } from "../../../src/domain/naming/names.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import { type Act, repair } from "./acts.ts";
import { operator } from "./callers.ts";
import { checkNames, checkReach, type Problem } from "./invariants.ts";
import { type Control, calmly, operate } from "./operate.ts";
import { type ModelRight, removeRights, removeRole } from "./postgres.ts";
import { onPostgres } from "./postgresDeeds.ts";
import { loseRow, type Sharing } from "./sharedLosses.ts";
import { wish } from "./wish.ts";
import type { World } from "./world.ts";

const byOthers = "makes another role that can use a schema, or lets one use more";
const lostRow = "loses a row";
const onRoles = ["renames the role", byOthers];

export interface HomeDeeds {
  /** Before a round: undefined where nothing happens that lasts. */
  happen(others: Omit<Sharing, "home">): Promise<Lasting | undefined>;
}

/** It was done before a round of operations. */
export interface Lasting {
  /** After the round: what the operations of it have missed, and then somebody puts it right. */
  end(): Promise<readonly Problem[]>;
}

export interface Setting {
  readonly world: World;
  readonly control: Control;
  readonly home: NamespaceRef;
  readonly problems: Problem[];
  readonly seen: string[];
}

export function createHomeDeeds(setting: Setting): HomeDeeds {
  const { world, home } = setting;
  // Separate dice, so that the other worlds stay the same.
  const dice = createDice(world.seed ^ 0x9d3e);
  return {
    async happen(others) {
      const record = await calmly(world, () => world.registry.getNamespace(home));
      const isFree = record?.state === "Onboarded" && record.migration === undefined;
      const deeds = world.postgresDice ? [...onRoles, lostRow] : [lostRow];
      const deed = wish.deed ?? dice.pick(deeds);
      if (!isFree || !deeds.includes(deed) || !dice.chance(wish.deed === undefined ? 0.3 : 0.8)) return undefined;
      if (deed === lostRow) {
        await loseRow(setting, dice, { home: record, ...others });
        return undefined;
      }
      // What somebody made by hand before stays.
      if (deed === byOthers && world.postgres.roles.has("by-hand")) return undefined;
      const rights = new Set([...world.postgres.rights.values()].map((each) => JSON.stringify(each)));
      if (onPostgres[deed]?.(world, home, dice) === undefined) return undefined;
      setting.seen.push(`somebody ${deed}`);
      world.faults.trace?.push(`— somebody ${deed}`);
      return deed === byOthers ? otherRole(setting, rights) : renamedRole(setting);
    },
  };
}

/** A repair leaves the identity one name. */
function renamedRole(setting: Setting): Lasting {
  const { world, home, seen } = setting;
  return {
    async end() {
      const record = await calmly(world, () => world.registry.getNamespace(home));
      if (record?.state !== "Onboarded") return [];
      const repaired = await play(setting, repair(home, operator));
      seen.push(`renamed: ${repaired?.status}`);
      return repaired?.status === "Succeeded" ? checkNames(world, record.request) : [];
    },
  };
}

/** What succeeds says so, if the identity can use more than its home asks for. Then somebody drops the role. */
function otherRole({ world, home }: Setting, rights: ReadonlySet<string>): Lasting {
  const earlier = new Set(operationsOf(world, home).map(({ id }) => id));
  return {
    async end() {
      const record = await calmly(world, () => world.registry.getNamespace(home));
      const isGiving = ({ id, kind, status }: OperationRecord) =>
        !earlier.has(id) && status === "Succeeded" && ["onboard", "change", "repair"].includes(kind);
      const last = operationsOf(world, home)
        .filter(isGiving)
        .find(({ id }) => id === record?.operation);
      const reached = last && record?.state === "Onboarded" ? checkReach(world, record.request, record.findings) : [];
      const isTold = record?.findings?.some(({ code }) => code === "TARGET_REACHED") ?? false;
      const isTheirs = (each: ModelRight) =>
        ["by-hand", "readers"].includes(each.role) && !rights.has(JSON.stringify(each));
      removeRights(world.postgres, isTheirs);
      removeRole(world.postgres, "by-hand");
      return isTold ? [] : reached;
    },
  };
}

export async function play({ world, control }: Setting, act: Act): Promise<OperationRecord | undefined> {
  const ended = await calmly(world, () => operate(world, act, control));
  const id = typeof ended === "object" ? ended.operation : undefined;
  return id === undefined ? undefined : await calmly(world, () => world.registry.getOperation(id));
}

function operationsOf({ rows }: World, { namespace }: NamespaceRef): readonly OperationRecord[] {
  const all = [...(rows.get("MooringOperations")?.values() ?? [])].map(({ record }) => record as OperationRecord);
  return all.filter((each) => each.namespace === namespace);
}
