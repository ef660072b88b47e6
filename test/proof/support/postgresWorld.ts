/** PostgreSQL in a simulated world: the catalog's schemas there, what there is before any request, and what it looks like. */
import type { Catalog } from "../../../src/domain/catalog/catalog.ts";
import {
  type NamespaceRef,
  namespaceKey,
  postgresHeirName,
  postgresRoleName,
} from "../../../src/domain/naming/names.ts";
import { printMark, readMark } from "../../../src/domain/naming/ownership.ts";
import {
  type PostgresPlace,
  type PostgresRight,
  type PostgresWord,
  rightsOf,
} from "../../../src/domain/targets/postgres.ts";
import type { ManagedIdentity } from "../../../src/ports/identities.ts";
import { noteKey } from "../../../src/resources/target/postgres/role.ts";
import {
  addRight,
  admins,
  createServer,
  databasesOf,
  grantAll,
  itemsIn,
  type ModelRight,
  type ModelRole,
  makeItem,
  type PostgresServer,
  usableIn,
} from "./postgres.ts";
import type { Thing } from "./snapshot.ts";
import type { World } from "./world.ts";

const resourceId =
  "/subscriptions/s/resourceGroups/data/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg" as const;

function schema(database: string, name: string) {
  const access: PostgresWord[] = ["read", "write", "own"];
  const server = { resourceId, host: "pg.example", port: 5432, login: "mooring" };
  return { kind: "postgresql", ...server, database, schema: name, access } as const;
}

/** Two schemas of one database, and one of another. */
export const postgresTargets = {
  ledger: schema("orders", "public"),
  archive: schema("orders", "archive"),
  monthly: schema("reports", "public"),
} satisfies Catalog["targets"];

export const postgresPlaces: readonly (readonly [alias: string, place: PostgresPlace])[] = Object.entries(
  postgresTargets,
).map(([alias, { access: _access, ...place }]) => [alias, place]);

/** Names of calls that a permanent fault may hit. */
export const lastingOnPostgres = [
  /^create role$/,
  /^amend mark$/,
  /^grant orders\/public$/,
  /^grant reports\//,
  /^revoke orders\/archive$/,
  /^release orders$/,
  /^drop role$/,
  /^inspect reports\//,
];

export function createPostgresServer(): PostgresServer {
  const server = createServer({ orders: ["public", "archive"], reports: ["public"], private: ["public"] });
  for (const [, { database, schema: name }] of postgresPlaces) {
    const item = { database, schema: name, owner: admins };
    makeItem(server, { ...item, name: "entries", kind: "TABLES" });
    makeItem(server, { ...item, name: "entries_id_seq", kind: "SEQUENCES" });
  }
  server.roles.set("readers", { id: "21", canLogIn: false, isActedFor: false });
  server.roles.set("somebody", { id: "20", canLogIn: true, isActedFor: false });
  addRight(server, { role: "somebody", right: "CONNECT", database: "orders" });
  return server;
}

/** A role that the identity, or another one, has already: somebody's, or of an earlier operation of Mooring's. */
export function furnishPostgres(
  { postgres, postgresDice: dice, request }: World,
  {
    identity,
    operation,
    newGuid,
  }: { identity: ManagedIdentity | undefined; operation?: string; newGuid: () => string },
): void {
  const wanted = request.targets ?? [];
  const asked = postgresPlaces.filter(([alias]) => wanted.some(({ target }) => target === alias));
  if (!dice || asked.length === 0 || !dice.chance(operation ? 0.6 : 0.25)) return;
  const role = postgresRoleName(request);
  const principalId = identity && dice.chance(0.7) ? identity.principalId : newGuid();
  const isKnown = operation !== undefined || dice.chance(0.85);
  const grants: Record<string, string> = {};
  const called = operation === undefined && dice.chance(0.15) ? "by-hand" : role;
  postgres.roles.set(called, {
    id: newGuid(),
    canLogIn: true,
    isActedFor: true,
    ...(isKnown ? { principalId } : {}),
  });
  for (const [alias, place] of asked) {
    if (dice.chance(0.4)) continue;
    // An earlier operation of Mooring's gave nothing but what its request asked for.
    const words = wanted.find(({ target }) => target === alias)?.access ?? [];
    const rights = rightsOf(operation ? (words as PostgresWord[]) : [dice.pick(["read", "write"] as const)]);
    grantAll(postgres, place, { role: called, rights, owners: [admins] });
    for (const right of rights) if (operation) grants[noteKey(place, right)] = operation;
  }
  const found = postgres.roles.get(called);
  if (!operation || !found) return;
  postgres.roles.set(called, { ...found, comment: printMark({ berth: namespaceKey(request), operation, grants }) });
}

/** What Mooring could have dropped, or may not have given away. */
export function untidyOnPostgres(server: PostgresServer): readonly string[] {
  const idle = [...server.roles].filter(
    ([role, { isShut, comment }]) =>
      isShut === true && readMark(comment)?.operation !== null && databasesOf(server, role).length === 0,
  );
  const stronger = [...server.items.values()].filter(({ hasCode, owner }) => hasCode === true && owner === admins);
  return [
    ...idle.map(([role]) => `postgres ${role} is shut, and nothing keeps it`),
    ...stronger.map(({ schema, name }) => `the code of a workload, ${schema}.${name}, is ${admins}'s`),
  ];
}

/** Its roles, and the rights that Mooring or somebody else gave them. */
export function readPostgres(
  server: PostgresServer,
  {
    namespaceRef,
    living,
    isRemembered,
  }: { readonly namespaceRef: NamespaceRef; readonly living: ReadonlySet<string>; readonly isRemembered: boolean },
): readonly Thing[] {
  const key = namespaceKey(namespaceRef);
  return [...server.roles].flatMap(([role, found]) => {
    const mark = readMark(found.comment) ?? readMark(found.lostComment);
    // Nobody is let in as it, and an operation that makes it says so in words.
    if (role === postgresHeirName(postgresRoleName(namespaceRef)) && ownsSomething(server, role)) return [];
    const waits = found.isShut === true && mark?.operation !== null && isRemembered;
    const isOurs = mark?.berth === key;
    const isDead = isOurs && found.principalId !== undefined && !living.has(found.principalId);
    const madeBy = isOurs ? (mark.operation ?? undefined) : undefined;
    const notes = isOurs ? mark.grants : {};
    const held = [...server.rights.values()].filter((each) => each.role === role);
    const own = postgresPlaces.flatMap(([alias, place]) =>
      allRights.flatMap((right): readonly Thing[] => {
        const by = notes[noteKey(place, right)];
        if (by === undefined) return [];
        const content = whereOf(held.filter((each) => isAt(each, place, right)));
        return [
          {
            key: `postgres ${role} ${alias} ${right}`,
            content,
            madeBy: by,
            isLent: false,
            isDead,
            undo: `revokeTarget ${alias}`,
          },
        ];
      }),
    );
    const isNoted = (each: ModelRight) =>
      postgresPlaces.some(([, place]) => noteKey(place, each.right) in notes && isAt(each, place, each.right));
    // What somebody else gives to a role of Mooring's own goes with it.
    const ofOthers = madeBy === undefined ? held.filter((each) => !isNoted(each)) : [];
    const things: readonly Thing[] = [
      {
        key: `postgres ${role}`,
        content: JSON.stringify(found),
        madeBy,
        isLent: isOurs && mark.operation === null,
        isDead,
        undo: "revokeTarget",
      },
      ...own,
      ...ofOthers.map((each) => ({
        key: `postgres ${role} has ${each.right} ${whereOf([each])}`,
        content: "",
        madeBy: undefined,
        isLent: false,
        undo: "revokeTarget",
      })),
    ];
    return things.map((each) => ({ ...each, waits }));
  });
}

function ownsSomething({ items }: PostgresServer, role: string): boolean {
  return [...items.values()].some(({ owner }) => owner === role);
}

const allRights = rightsOf(["own"]);

function isAt(each: ModelRight, { database, schema: name }: PostgresPlace, right: PostgresRight): boolean {
  return each.right === right && each.database === database && (each.schema === undefined || each.schema === name);
}

function whereOf(rights: readonly ModelRight[]): string {
  return rights
    .map(({ database, schema: name, item, madeBy }) => [database, name, item, madeBy && `by ${madeBy}`].join("/"))
    .toSorted()
    .join();
}

/** Written down again, so that a mistake in the code's own table shows. */
const rightsOfWords: Readonly<Record<string, readonly PostgresRight[]>> = {
  read: ["CONNECT", "USAGE", "SELECT ON TABLES"],
  write: [
    ...(["CONNECT", "USAGE", "SELECT ON TABLES", "INSERT ON TABLES", "UPDATE ON TABLES", "DELETE ON TABLES"] as const),
    ...(["SELECT ON SEQUENCES", "USAGE ON SEQUENCES"] as const),
  ],
  own: [
    ...(["CONNECT", "USAGE", "CREATE", "SELECT ON TABLES", "INSERT ON TABLES", "UPDATE ON TABLES"] as const),
    ...(["DELETE ON TABLES", "TRUNCATE ON TABLES", "REFERENCES ON TABLES", "TRIGGER ON TABLES"] as const),
    ...(["SELECT ON SEQUENCES", "USAGE ON SEQUENCES", "UPDATE ON SEQUENCES"] as const),
  ],
};

/** What the identity may not do on the schema although it was asked for. */
export function lackingOnPostgres(
  server: PostgresServer,
  {
    namespaceRef,
    target,
    access,
    principalId,
  }: { namespaceRef: NamespaceRef; target: string; access: readonly string[]; principalId: string },
): readonly string[] {
  const place = postgresPlaces.find(([alias]) => alias === target)?.[1];
  if (!place) return [];
  const name = postgresRoleName(namespaceRef);
  const role = server.roles.get(name);
  if (role?.principalId !== principalId)
    return [`${name} lets in ${role?.principalId ?? "nobody"}, not ${principalId}`];
  const held = [...server.rights.values()].filter((each) => each.role === name);
  const isHeld = (right: PostgresRight) => {
    const there = held.filter((each) => isAt(each, place, right));
    if (!right.includes(" ON ")) return there.length > 0;
    // A table for whose owner Mooring may not act is left out, and named (TARGET_PARTLY_GIVEN).
    const isGiven = (owner: string) => owner !== name && server.roles.get(owner)?.isActedFor !== false;
    const items = itemsIn(server, place).filter(({ kind, owner }) => right.endsWith(` ON ${kind}`) && isGiven(owner));
    return [...items.map((item) => item.name), undefined].every((item) =>
      there.some((each) => each.item === item && (item !== undefined || each.madeBy === admins)),
    );
  };
  return access.flatMap((word) =>
    (rightsOfWords[word] ?? []).filter((right) => !isHeld(right)).map((right) => `${name} lacks ${right} on ${target}`),
  );
}

interface Reached {
  readonly namespaceRef: NamespaceRef;
  readonly targets: readonly { target: string; access: readonly string[] }[];
  readonly principalId: string;
}

/** What the identity, or Mooring's own role, has there, and the request does not ask for; under another name, whatever it has. */
export function surplusOnPostgres(
  server: PostgresServer,
  { namespaceRef, targets, principalId }: Reached,
): readonly string[] {
  const name = postgresRoleName(namespaceRef);
  const asked = postgresPlaces.flatMap(([alias, place]) =>
    (targets.find(({ target }) => target === alias)?.access ?? [])
      .flatMap((word) => rightsOfWords[word] ?? [])
      .map((right) => noteKey(place, right)),
  );
  return [...server.roles].flatMap(([each, role]) => {
    const mark = readMark(role.comment) ?? readMark(role.lostComment);
    const isOurs = mark?.berth === namespaceKey(namespaceRef);
    if (isOurs && (each === name || role.principalId === principalId)) {
      return Object.keys(mark.grants)
        .filter((note) => !asked.includes(note))
        .map((note) => `${each} has ${note} from Mooring, and the request does not ask for it`);
    }
    if (role.principalId !== principalId || each === name) return [];
    return postgresPlaces
      .filter(([, place]) => usableIn(server, place, each).length > 0)
      .map(([alias]) => `the identity reaches ${alias} as ${each}, which nobody has asked for`);
  });
}

/** A repair leaves the identity one name, but for a role that it has shut and that the watch drops. */
export function renamedOnPostgres(
  server: PostgresServer,
  { namespaceRef, principalId, isRemembered }: Omit<Reached, "targets"> & { readonly isRemembered: boolean },
): readonly string[] {
  const isRenamed = ([name, role]: readonly [string, ModelRole]) =>
    name !== postgresRoleName(namespaceRef) &&
    readMark(role.comment)?.berth === namespaceKey(namespaceRef) &&
    role.principalId === principalId &&
    !(role.isShut === true && isRemembered);
  return [...server.roles].filter(isRenamed).map(([name]) => `the identity is still ${name}`);
}
