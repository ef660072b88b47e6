/**
 * The model of PostgreSQL in the proofs' worlds, and a real server behind the adapter: whatever seeded sequence of calls and of
 * other people's statements they get, they answer the same. `MOORING_TEST_SEED=n` draws others.
 */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasPostgres, type PostgresFixture, startFixture } from "../../packages/azure-sim/test/postgres/fixture.ts";
import { createPostgres } from "../../src/adapters/postgres/index.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { PrincipalId } from "../../src/domain/naming/identityPair.ts";
import { readMark } from "../../src/domain/naming/ownership.ts";
import { type PostgresPlace, type PostgresWord, rightsOf } from "../../src/domain/targets/postgres.ts";
import type { PostgresRoles } from "../../src/ports/postgres.ts";
import { noteKey } from "../../src/resources/target/postgres/role.ts";
import { shareOf } from "../support/proofs.ts";
import {
  addMember,
  addRight,
  admins,
  createPostgresModel,
  createServer,
  dropItem,
  itemsIn,
  type ModelItem,
  makeItem,
  type PostgresServer,
  removeRights,
} from "./support/postgres.ts";
import { createDice, type Dice } from "./support/random.ts";

/** In fewer, not each of the deeds comes. */
const count = Math.max(40, shareOf(800));
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const names = ["mooring-one", "mooring-two"] as const;
const stranger = "stranger";
/** The second is a member of the first. */
const groups = ["readers", "clerks"] as const;

/** What others do, as a statement and in the model; undefined where there is nothing to do it to. */
type Deed = (
  server: PostgresServer,
  dice: Dice,
) => { readonly database: string; readonly sql: string; readonly happen: () => void } | undefined;

const quoted = (name: string) => `"${name}"`;
let made = 0;

function making(item: Omit<ModelItem, "name">, maker: string): Deed {
  return (server) => {
    made += 1;
    const name = `thing_${made}`;
    const what = item.kind === "TABLES" ? "TABLE" : "SEQUENCE";
    const whole = { ...item, name };
    const create = `CREATE ${what} ${item.schema}.${name}${what === "TABLE" ? " ()" : ""}`;
    const owned = maker === item.owner ? "" : `; ALTER ${what} ${item.schema}.${name} OWNER TO ${quoted(item.owner)}`;
    const as = maker === item.owner ? `SET ROLE ${quoted(maker)}; ` : "";
    return { database: item.database, sql: `${as}${create}${owned}`, happen: () => makeItem(server, whole, { maker }) };
  };
}

const ofTables = ["SELECT", "TRUNCATE"] as const;

const deeds: Readonly<Record<string, Deed>> = {
  "an owner makes a table": (...on) =>
    making(
      { database: "orders", schema: on[1].pick(["sales", "public"]), kind: "TABLES", owner: admins },
      admins,
    )(...on),
  "an owner makes a sequence": making(
    { database: "orders", schema: "sales", kind: "SEQUENCES", owner: admins },
    admins,
  ),
  "somebody makes a table for an owner": making(
    { database: "orders", schema: "sales", kind: "TABLES", owner: admins },
    "azuresu",
  ),
  "a stranger's table": (server, dice) => {
    const theirs = [...server.items.values()].find(({ owner }) => owner === stranger);
    if (!theirs)
      return making({ database: "orders", schema: "sales", kind: "TABLES", owner: stranger }, "azuresu")(server, dice);
    return {
      database: "orders",
      sql: `DROP TABLE sales.${theirs.name}`,
      happen: () => dropItem(server, theirs),
    };
  },
  "the role makes a table": (server, dice) => {
    const role = dice.pick(names);
    const may = (right: string) =>
      [...server.rights.values()].some((each) => each.role === role && each.schema === "sales" && each.right === right);
    if (!server.roles.has(role) || !may("CREATE") || !may("USAGE")) return undefined;
    return making({ database: "orders", schema: "sales", kind: "TABLES", owner: role }, role)(server, dice);
  },
  "a right on a table is taken away": (server, dice) => onTable(server, dice, "REVOKE"),
  "a right on a table is given": (server, dice) => onTable(server, dice, "GRANT"),
  "a right on the schema is taken away": (server, dice) => {
    const role = dice.pick(names);
    if (!server.roles.has(role)) return undefined;
    const right = dice.pick(["USAGE", "CREATE"] as const);
    const isMeant = (each: { role: string; right: string; schema?: string }) =>
      each.role === role && each.right === right && each.schema === "sales";
    return {
      database: "orders",
      sql: `REVOKE ${right} ON SCHEMA sales FROM ${quoted(role)}`,
      happen: () => removeRights(server, isMeant),
    };
  },
  "a right elsewhere is given": (server, dice) => {
    const role = dice.pick(names);
    if (!server.roles.has(role)) return undefined;
    return {
      database: "other",
      sql: `GRANT USAGE ON SCHEMA public TO ${quoted(role)}`,
      happen: () => addRight(server, { role, right: "USAGE", database: "other", schema: "public" }),
    };
  },
  "what an owner will make is no longer the role's": (server, dice) => {
    const role = dice.pick(names);
    if (!server.roles.has(role)) return undefined;
    return {
      database: "orders",
      sql: `ALTER DEFAULT PRIVILEGES FOR ROLE ${admins} IN SCHEMA sales REVOKE SELECT ON TABLES FROM ${quoted(role)}`,
      happen: () =>
        removeRights(
          server,
          (each) =>
            each.role === role &&
            each.right === "SELECT ON TABLES" &&
            each.schema === "sales" &&
            each.madeBy === admins,
        ),
    };
  },
  "the role joins another": (server, dice) => {
    const role = dice.pick(names);
    const other = dice.pick([...groups, ...groups, admins]);
    if (!server.roles.has(role)) return undefined;
    const isMember = server.memberships.get(role)?.includes(other) === true;
    const left = (server.memberships.get(role) ?? []).filter((each) => each !== other);
    return {
      database: "orders",
      sql: isMember
        ? `REVOKE ${other} FROM ${quoted(role)}`
        : `GRANT ${other} TO ${quoted(role)} WITH INHERIT ${dice.pick(["TRUE", "FALSE"])}`,
      happen: () => (isMember ? void server.memberships.set(role, left) : addMember(server, other, role)),
    };
  },
  "a group gets a right on the schema": (server, dice) => {
    const role = dice.pick(groups);
    const right = dice.pick(["USAGE", "CREATE"] as const);
    return {
      database: "orders",
      sql: `GRANT ${right} ON SCHEMA sales TO ${role}`,
      happen: () => addRight(server, { role, right, database: "orders", schema: "sales" }),
    };
  },
  "a group gets rights on tables to come": (server, dice) => {
    const role = dice.pick(groups);
    return {
      database: "orders",
      sql: `ALTER DEFAULT PRIVILEGES FOR ROLE ${admins} IN SCHEMA sales GRANT SELECT ON TABLES TO ${role}`,
      happen: () =>
        addRight(server, { role, right: "SELECT ON TABLES", database: "orders", schema: "sales", madeBy: admins }),
    };
  },
  "the comment is written over": (server, dice) =>
    changed(server, dice, "COMMENT ON ROLE % IS 'mine'", { comment: "mine" }),
  "the role may not log in": (server, dice) => changed(server, dice, "ALTER ROLE % NOLOGIN", { canLogIn: false }),
};

function changed(server: PostgresServer, dice: Dice, sql: string, change: object): ReturnType<Deed> {
  const role = dice.pick(names);
  const found = server.roles.get(role);
  if (!found) return undefined;
  return {
    database: "postgres",
    sql: sql.replace("%", quoted(role)),
    happen: () => void server.roles.set(role, { ...found, ...change }),
  };
}

function onTable(server: PostgresServer, dice: Dice, verb: "GRANT" | "REVOKE"): ReturnType<Deed> {
  const role = dice.pick([...names, ...groups]);
  const [table] = dice
    .shuffle(itemsIn(server, { database: "orders", schema: "sales" }))
    .filter(({ kind, owner }) => kind === "TABLES" && owner !== role);
  if (!table || !server.roles.has(role)) return undefined;
  const privilege = dice.pick(ofTables);
  const right = {
    role,
    right: `${privilege} ON TABLES` as const,
    database: "orders",
    schema: "sales",
    item: table.name,
  };
  return {
    database: "orders",
    sql: `${verb} ${privilege} ON sales.${table.name} ${verb === "GRANT" ? "TO" : "FROM"} ${quoted(role)}`,
    happen: () =>
      verb === "GRANT"
        ? addRight(server, right)
        : removeRights(server, (each) => each.role === role && each.right === right.right && each.item === table.name),
  };
}

describe.runIf(hasPostgres("the model of PostgreSQL"))("the model of PostgreSQL", () => {
  let fixture: PostgresFixture;
  let real: PostgresRoles;
  const server = createServer({ orders: ["public", "sales"], other: ["public"] });
  let ids = 0;
  const model = createPostgresModel(server, async (_wire, _name, effect) => effect(), {
    isInTenant: (id) => principals.includes(id as PrincipalId),
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
  });
  const principals: PrincipalId[] = [];
  const unknown = PrincipalId.parse(crypto.randomUUID());
  const log: string[] = [];
  let places: readonly PostgresPlace[];

  beforeAll(async () => {
    fixture = await startFixture();
    setDefaultCACertificates([...getCACertificates("default"), fixture.tls.certificate]);
    real = createPostgres({
      credential: {
        getToken: async () => ({
          token: await fixture.tokenOf(fixture.mooring),
          expiresOnTimestamp: Date.now() + 3_600_000,
        }),
      },
      timeoutMs: 20_000,
    });
    for (const name of ["first", "second"]) principals.push(PrincipalId.parse(fixture.addPrincipal(name).principalId));
    const place = {
      kind: "postgresql",
      resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-dev",
      ...{ host: "localhost", port: fixture.simulator.port, login: "mooring" },
    } as const;
    places = [
      { ...place, database: "orders", schema: "sales" },
      { ...place, database: "orders", schema: "public" },
      { ...place, database: "other", schema: "public" },
      { ...place, database: "orders", schema: "nothing" },
    ];
    await fixture.simulator.runScript("orders", `CREATE ROLE ${stranger}`);
    server.roles.set(stranger, { id: "20", canLogIn: false, isActedFor: false });
    const [readers, clerks] = groups;
    await fixture.simulator.runScript("orders", `CREATE ROLE ${readers}; CREATE ROLE ${clerks} IN ROLE ${readers}`);
    for (const each of groups) server.roles.set(each, { id: each, canLogIn: false, isActedFor: false });
    addMember(server, readers, clerks);
  });
  afterAll(async () => {
    await fixture?.simulator.close();
  });

  /** Both answers; of an error its code. */
  async function ask<T>(what: string, question: (port: PostgresRoles) => Promise<T>): Promise<readonly [T, T]> {
    const answer = (port: PostgresRoles) =>
      question(port).catch((error: unknown) => {
        if (error instanceof PermanentError || error instanceof TransientError) return error.code as T;
        throw error;
      });
    if (!what.startsWith("inspect")) log.push(what);
    const said = [await answer(real), await answer(model)] as const;
    return said;
  }

  /** By real id. */
  const known = new Map<string, string>();

  /** An id of the one stands for the same role as that of the other, ever since it was first seen. */
  function sameId([a, b]: readonly [string | undefined, string | undefined]): boolean {
    if (a === undefined || b === undefined) return a === b;
    if (!known.has(a) && ![...known.values()].includes(b)) known.set(a, b);
    return known.get(a) === b;
  }

  /** At both roles where most happens, and at one of them somewhere else. */
  async function look(dice: Dice): Promise<void> {
    const [here, ...elsewhere] = places;
    for (const place of here ? [here, dice.pick(elsewhere)] : []) {
      for (const role of place === here ? names : [dice.pick(names)]) {
        const [a, b] = await ask(`inspect ${place.database}/${place.schema} ${role}`, (port) =>
          port.inspect(place, { role, principalId: undefined }),
        );
        const shown = ({ roles, schema }: typeof a) => ({
          roles: roles.map(({ id: _id, comment, ...each }) => ({ ...each, comment: readMark(comment) ?? comment })),
          schema: schema && {
            ...schema,
            held: schema.held.toSorted(),
            heldPartly: schema.heldPartly.toSorted(),
            inherited: schema.inherited.toSorted(),
          },
        });
        expect(shown(b), log.slice(-40).join("\n")).toEqual(shown(a));
        expect(sameId([a.roles[0]?.id, b.roles[0]?.id]), log.slice(-40).join("\n")).toBe(true);
      }
    }
  }

  async function step(dice: Dice): Promise<void> {
    if (dice.chance(0.35)) {
      const name = dice.pick(Object.keys(deeds));
      const deed = deeds[name]?.(server, dice);
      if (!deed) return;
      log.push(`${name}: ${deed.sql}`);
      await fixture.simulator.runScript(deed.database, deed.sql);
      deed.happen();
      return await look(dice);
    }
    const role = dice.pick(names);
    const place = dice.pick(places);
    const words = dice.shuffle(["read", "write", "own"] as const satisfies readonly PostgresWord[]).slice(0, 1);
    const rights = rightsOf(words);
    const [now, modelled] = [
      await real.inspect(place, { role, principalId: undefined }),
      await model.inspect(place, { role, principalId: undefined }),
    ];
    const owners = (now.schema?.owners ?? []).filter(({ isActedFor }) => isActedFor).map(({ name }) => name);
    const principalId = dice.pick([...principals, ...principals, unknown]);
    const note = () => noteKey(place, dice.pick(rights));
    const comment = JSON.stringify({
      berth: "aks/team",
      operation: "op",
      grants: dice.chance(0.7) ? {} : { [note()]: "op" },
    });
    const seenBy = (port: PostgresRoles) => {
      const [found] = (port === real ? now : modelled).roles;
      return { role, id: found?.id ?? "0", databases: found?.databases ?? [] };
    };
    const calls: Readonly<Record<string, (port: PostgresRoles) => Promise<unknown>>> = {
      create: (port) => port.create(place, { role, principalId, comment }),
      grant: (port) => port.grant(place, { role, rights, owners }),
      revoke: (port) => port.revoke(place, { role, rights, owners }),
      drop: (port) => port.drop(place, seenBy(port)),
      replace: (port) => port.replace(place, { ...seenBy(port), principalId, comment }),
    };
    const [first, second] = [note(), note()];
    const amend = {
      role,
      base: dice.chance(0.5) ? comment : undefined,
      add: dice.chance(0.5) ? { [first]: "op" } : {},
      remove: dice.chance(0.5) ? [second] : [],
      leavesUnless: dice.chance(0.5) ? `${place.database}/` : undefined,
    };
    const others: typeof calls = {
      amendNotes: (port) => port.amendNotes(place, amend),
      removeComment: (port) => port.removeComment(place, role),
    };
    const all = { ...calls, ...others };
    const often = [
      "create",
      "grant",
      "grant",
      "grant",
      "revoke",
      "revoke",
      "drop",
      "replace",
      "amendNotes",
      "removeComment",
    ];
    const chosen = server.roles.has(role) || dice.chance(0.2) ? dice.pick(often) : "create";
    const call = all[chosen];
    if (!call) throw new Error(`no call ${chosen}`);
    const [a, b] = await ask(`${chosen} ${role} on ${place.database}/${place.schema}: ${words.join()}`, call);
    expect(b, log.slice(-40).join("\n")).toEqual(a);
    const outcome = typeof a === "string" ? `${chosen} ${a}` : chosen;
    told.set(outcome, (told.get(outcome) ?? 0) + 1);
    await look(dice);
  }

  const told = new Map<string, number>();

  it(`answers as a real server does, ${count} times (seed ${seed})`, async () => {
    const dice = createDice(seed);
    for (let at = 0; at < count; at += 1) await step(dice);

    if (process.env["MOORING_TELL"]) console.log(told);
    // Nothing but refusals would prove nothing.
    for (const what of ["create", "grant", "revoke", "replace", "drop"])
      expect(told.get(what) ?? 0, what).toBeGreaterThan(0);
  }, 600_000);
});
