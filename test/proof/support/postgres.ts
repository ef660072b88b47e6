/**
 * A model of a PostgreSQL server: its roles, whom Microsoft Entra lets in as them, and what they have in its databases. Errors are as
 * the adapter translates them; postgresModel.test.ts asks it and a real server the same.
 */
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import { postgresHeirName } from "../../../src/domain/naming/names.ts";
import { readMark } from "../../../src/domain/naming/ownership.ts";
import { type PostgresPlace, type PostgresRight, rightsOf } from "../../../src/domain/targets/postgres.ts";
import type { DroppedRole, PostgresRoles, PostgresSchema } from "../../../src/ports/postgres.ts";
import type { Call } from "./faults.ts";

export type ItemKind = "TABLES" | "SEQUENCES";

export interface ModelRole {
  readonly id: string;
  /** Of its security label. */
  readonly principalId?: string;
  readonly canLogIn: boolean;
  readonly isShut?: boolean;
  readonly comment?: string;
  /** What somebody wrote over; for the proofs alone. */
  readonly lostComment?: string | undefined;
  /** Whether Mooring may act for it: its rights include that role, or it made it. */
  readonly isActedFor: boolean;
}

export interface ModelItem {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: ItemKind;
  readonly owner: string;
  /** A view, or a table that calls code of users. */
  readonly hasCode?: boolean;
}

/** A right of a role: on a database, on a schema, on one item there, or on what one owner will make there. */
export interface ModelRight {
  readonly role: string;
  readonly right: PostgresRight;
  readonly database: string;
  readonly schema?: string;
  readonly item?: string;
  readonly madeBy?: string;
}

export interface PostgresServer {
  readonly roles: Map<string, ModelRole>;
  /** Owners, by database and by `database/schema`. */
  readonly databases: Map<string, string>;
  readonly schemas: Map<string, string>;
  /** By `database/schema/name`. */
  readonly items: Map<string, ModelItem>;
  readonly rights: Map<string, ModelRight>;
  /** The roles that a role is a member of. */
  readonly memberships: Map<string, readonly string[]>;
}

export interface PostgresSettings {
  readonly isInTenant: (principalId: string) => boolean;
  readonly newId: () => string;
}

/** The role that owns databases in Azure; every administrator is a member. */
export const admins = "azure_pg_admin";

export function createServer(databases: Readonly<Record<string, readonly string[]>>): PostgresServer {
  return {
    roles: new Map([[admins, { id: "10", canLogIn: false, isActedFor: true }]]),
    databases: new Map(Object.keys(databases).map((name) => [name, admins])),
    schemas: new Map(
      Object.entries(databases).flatMap(([name, schemas]) => schemas.map((schema) => [`${name}/${schema}`, admins])),
    ),
    items: new Map(),
    rights: new Map(),
    memberships: new Map(),
  };
}

// ——— Statements, each all or nothing ———

export function addRight({ rights }: PostgresServer, given: ModelRight): void {
  rights.set(JSON.stringify([given.role, given.right, given.database, given.schema, given.item, given.madeBy]), given);
}

export function removeRights({ rights }: PostgresServer, isMeant: (each: ModelRight) => boolean): void {
  for (const [key, each] of rights) if (isMeant(each)) rights.delete(key);
}

export function addMember({ memberships }: PostgresServer, role: string, member: string): void {
  memberships.set(member, [...new Set([...(memberships.get(member) ?? []), role])]);
}

export function renameRole(server: PostgresServer, from: string, to: string): void {
  const { roles, memberships, rights, items } = server;
  const found = roles.get(from);
  if (!found) throw new Error(`there is no role ${from}`);
  const named = (name: string) => (name === from ? to : name);
  roles.delete(from);
  roles.set(to, found);
  for (const [key, item] of items) items.set(key, { ...item, owner: named(item.owner) });
  for (const each of [...rights.values()]) {
    if (each.role !== from && each.madeBy !== from) continue;
    removeRights(server, (other) => other === each);
    addRight(server, {
      ...each,
      role: named(each.role),
      ...(each.madeBy === undefined ? {} : { madeBy: named(each.madeBy) }),
    });
  }
  const all = [...memberships];
  memberships.clear();
  for (const [member, of] of all) memberships.set(named(member), of.map(named));
}

/** By `maker`, whose default privileges count, and then given to `owner`. */
export function makeItem(server: PostgresServer, item: ModelItem, { maker = item.owner }: { maker?: string } = {}) {
  const { database, schema, name, kind } = item;
  server.items.set(`${database}/${schema}/${name}`, item);
  for (const each of [...server.rights.values()]) {
    if (each.madeBy !== maker || each.database !== database || each.schema !== schema) continue;
    if (each.right.endsWith(` ON ${kind}`)) addRight(server, { ...without(each), item: name });
  }
}

function without({ madeBy: _madeBy, ...right }: ModelRight): ModelRight {
  return right;
}

export function dropItem(server: PostgresServer, { database, schema, name }: ModelItem): void {
  server.items.delete(`${database}/${schema}/${name}`);
  removeRights(server, (each) => each.database === database && each.schema === schema && each.item === name);
}

/** What an owner has on its own goes to the next one with the rest of it. */
function giveItem(server: PostgresServer, item: ModelItem, owner: string): void {
  const { database, schema, name } = item;
  server.items.set(`${database}/${schema}/${name}`, { ...item, owner });
  const isOwners = (each: ModelRight) => each.role === item.owner && each.item === name;
  removeRights(server, (each) => isOwners(each) && each.database === database && each.schema === schema);
}

/** The databases in which a role has or owns something. */
export function databasesOf(server: PostgresServer, role: string): readonly string[] {
  const owned = [...server.items.values()].filter(({ owner }) => owner === role).map(({ database }) => database);
  const schemas = [...server.schemas].filter(([, owner]) => owner === role).map(([key]) => key.split("/")[0] ?? "");
  const databases = [...server.databases].filter(([, owner]) => owner === role).map(([name]) => name);
  const rights = [...server.rights.values()].filter((each) => each.role === role || each.madeBy === role);
  return [...new Set([...owned, ...schemas, ...databases, ...rights.map(({ database }) => database)])].toSorted();
}

/** What runs with its owner's rights goes to an heir of the role's own. */
function heirOf({ roles }: PostgresServer, { owner, hasCode = false }: ModelItem, databaseOwner: string): string {
  if (!hasCode) return databaseOwner;
  const heir = postgresHeirName(owner);
  if (!roles.has(heir)) roles.set(heir, { id: `${roles.get(owner)?.id} heir`, canLogIn: false, isActedFor: true });
  return heir;
}

/** What the role owns is handed over, and DROP OWNED, in one database; rights on databases go wherever they are. */
function release(server: PostgresServer, database: string, role: string): void {
  const heir = server.databases.get(database);
  if (heir === undefined) throw new PermanentError("POSTGRES_MISSING", `no database ${database} (3D000)`);
  requireActed(server, [role, heir]);
  for (const item of [...server.items.values()])
    if (item.database === database && item.owner === role) giveItem(server, item, heirOf(server, item, heir));
  for (const [key, owner] of server.schemas)
    if (key.startsWith(`${database}/`) && owner === role) server.schemas.set(key, heir);
  removeRights(server, ({ right, ...each }) => {
    if (each.role !== role && each.madeBy !== role) return false;
    if (right === "CONNECT") return true;
    return each.database === database && mayRevoke(server, each);
  });
}

/** Only whoever acts for a table's owner takes away what that one gave. */
function mayRevoke(server: PostgresServer, { database, schema, item }: Omit<ModelRight, "right">): boolean {
  const { owner } = server.items.get(`${database}/${schema}/${item}`) ?? {};
  return owner === undefined || server.roles.get(owner)?.isActedFor === true;
}

function dropRole(server: PostgresServer, role: string): void {
  const used = databasesOf(server, role);
  if (used.length > 0) {
    throw new PermanentError("POSTGRES_ROLE_IN_USE", `role ${role} has something in ${used.join(", ")} (2BP01)`);
  }
  removeRole(server, role);
}

/** Once it owns nothing, what it would give by default goes, too. */
function dropHeir(server: PostgresServer, { database }: PostgresPlace, heir: string): void {
  const isOwner = [...server.items.values()].some(({ owner }) => owner === heir);
  if (!isOwner)
    removeRights(server, (each) => (each.role === heir || each.madeBy === heir) && each.database === database);
  dropRole(server, heir);
}

/** What it has is gone already. */
export function removeRole({ roles, memberships }: PostgresServer, role: string): void {
  roles.delete(role);
  memberships.delete(role);
  for (const [member, of] of memberships) {
    memberships.set(
      member,
      of.filter((each) => each !== role),
    );
  }
}

interface NewRole {
  readonly role: string;
  readonly principalId: string;
  readonly comment: string;
}

function createRole(server: PostgresServer, { isInTenant, newId }: PostgresSettings, made: NewRole): void {
  const { role, principalId, comment } = made;
  if (server.roles.has(role)) return;
  if (!isInTenant(principalId)) {
    throw new TransientError("PRINCIPAL_NOT_YET_VISIBLE", `${principalId} is not found in the tenant`);
  }
  server.roles.set(role, { id: newId(), principalId, canLogIn: true, comment, isActedFor: true });
}

function requireRole({ roles }: PostgresServer, name: string): ModelRole {
  const found = roles.get(name);
  if (!found) throw new TransientError("POSTGRES_UNAVAILABLE", `role ${name} does not exist (42704)`);
  return found;
}

function requireSchema({ schemas }: PostgresServer, { database, schema }: PostgresPlace): void {
  if (!schemas.has(`${database}/${schema}`))
    throw new PermanentError("POSTGRES_MISSING", `schema ${schema} does not exist (3F000)`);
}

function requireActed(server: PostgresServer, names: readonly string[]): void {
  for (const name of names) {
    if (!requireRole(server, name).isActedFor)
      throw new PermanentError("POSTGRES_FORBIDDEN", `permission denied to act for role ${name} (42501)`);
  }
}

/** All items of a schema, of a kind, whose owner Mooring acts for. */
function itemsFor(server: PostgresServer, { database, schema }: PostgresPlace, rights: readonly PostgresRight[]) {
  const kinds = (["TABLES", "SEQUENCES"] as const).filter((kind) =>
    rights.some((each) => each.endsWith(` ON ${kind}`)),
  );
  const items = itemsIn(server, { database, schema }).filter(({ kind }) => kinds.includes(kind));
  return items.filter(({ owner }) => server.roles.get(owner)?.isActedFor);
}

export function itemsIn({ items }: PostgresServer, { database, schema }: { database: string; schema: string }) {
  return [...items.values()].filter((each) => each.database === database && each.schema === schema);
}

interface Amended {
  readonly role: string;
  readonly rights: readonly PostgresRight[];
  readonly owners: readonly string[];
}

export function grantAll(server: PostgresServer, place: PostgresPlace, { role, rights, owners }: Amended): void {
  const { database, schema } = place;
  requireRole(server, role);
  requireActed(server, owners);
  requireSchema(server, place);
  const items = itemsFor(server, place, rights);
  for (const right of rights) {
    const given = { role, right, database };
    if (right === "CONNECT") addRight(server, given);
    else if (right === "USAGE" || right === "CREATE") addRight(server, { ...given, schema });
    else {
      for (const { name, kind, owner } of items) {
        // What an owner has on its own needs no grant.
        if (right.endsWith(` ON ${kind}`) && owner !== role) addRight(server, { ...given, schema, item: name });
      }
      for (const owner of owners) addRight(server, { ...given, schema, madeBy: owner });
    }
  }
}

function revokeAll(server: PostgresServer, place: PostgresPlace, { role, rights, owners }: Amended): readonly string[] {
  const { database, schema } = place;
  requireRole(server, role);
  requireActed(server, owners);
  requireSchema(server, place);
  removeRights(server, (each) => {
    if (each.role !== role || each.database !== database || !rights.includes(each.right)) return false;
    if (each.right === "CONNECT") return true;
    if (each.schema !== schema || !mayRevoke(server, each)) return false;
    return each.madeBy === undefined || owners.includes(each.madeBy);
  });
  return [...server.rights.values()]
    .filter((each) => each.role === role && each.database === database && each.schema === schema && !each.madeBy)
    .filter(({ right }) => rights.includes(right))
    .map(({ right, item }) => `${right} ${item}`);
}

function handOverAll(server: PostgresServer, place: PostgresPlace, role: string): void {
  const owner = server.databases.get(place.database) ?? "";
  for (const item of itemsIn(server, place))
    if (item.owner === role) giveItem(server, item, heirOf(server, item, owner));
}

// ——— What the adapter reads ———

function readSchema(
  server: PostgresServer,
  { database, schema: name }: PostgresPlace,
  role: string,
): PostgresSchema | undefined {
  const databaseOwner = server.databases.get(database);
  const schemaOwner = server.schemas.get(`${database}/${name}`);
  if (databaseOwner === undefined || schemaOwner === undefined) return undefined;
  const all = itemsIn(server, { database, schema: name });
  const items = all.filter(({ owner }) => owner !== role);
  const here = [...server.rights.values()].filter((each) => each.database === database);
  const creators = here.filter(({ right, schema }) => right === "CREATE" && schema === name).map((each) => each.role);
  const found = [databaseOwner, schemaOwner, ...items.map(({ owner }) => owner), ...creators];
  const owners = [...new Set(found)]
    .filter((each) => each !== role)
    .toSorted()
    .map((each) => ({ name: each, isActedFor: server.roles.get(each)?.isActedFor === true }));
  const acted = owners.filter(({ isActedFor }) => isActedFor).map((each) => each.name);
  const own = here.filter((each) => each.role === role);
  const inSchema = own.filter(({ schema }) => schema === name);
  const onKinds = [...new Set(inSchema.map(({ right }) => right))].filter((right) => right.includes(" ON "));
  const isWhole = (right: PostgresRight) => {
    const total = items.filter(
      ({ kind, owner }) => right.endsWith(` ON ${kind}`) && server.roles.get(owner)?.isActedFor === true,
    );
    const given = total.filter(({ name: item }) => inSchema.some((each) => each.right === right && each.item === item));
    const coming = acted.filter((owner) => inSchema.some((each) => each.right === right && each.madeBy === owner));
    return given.length === total.length && coming.length === acted.length;
  };
  const isSeen = (right: PostgresRight) =>
    inSchema.some(
      (each) => each.right === right && (each.madeBy !== undefined || items.some((item) => item.name === each.item)),
    );
  const seen = onKinds.filter(isSeen);
  return {
    databaseOwner,
    schemaOwner,
    owners,
    held: [
      ...own.filter(({ right }) => right === "CONNECT").map(({ right }) => right),
      ...inSchema.filter(({ right }) => !right.includes(" ON ")).map(({ right }) => right),
      ...seen.filter(isWhole),
    ],
    heldPartly: seen.filter((right) => !isWhole(right)),
    inherited: inheritedBy(server, { database, schema: name }, role),
    owned: all
      .filter(({ owner }) => owner === role)
      .map(
        ({ kind, name: item, hasCode }) =>
          `${hasCode ? "view" : kind === "TABLES" ? "table" : "sequence"} ${name}.${item}`,
      )
      .toSorted(),
  };
}

/** All roles that it is a member of, directly or by others. */
function rolesOver({ memberships }: PostgresServer, role: string): readonly string[] {
  const found = new Set<string>();
  const add = (name: string) => {
    for (const each of memberships.get(name) ?? []) {
      if (found.has(each)) continue;
      found.add(each);
      add(each);
    }
  };
  add(role);
  return [...found];
}

/** An owner has everything. */
function inheritedBy(
  server: PostgresServer,
  { database, schema }: { database: string; schema: string },
  role: string,
): readonly PostgresRight[] {
  const over = rolesOver(server, role);
  const items = itemsIn(server, { database, schema }).filter(({ owner }) => owner !== role);
  const given = [...server.rights.values()].filter(
    (each) => over.includes(each.role) && each.database === database && each.schema === schema,
  );
  const isOwned = (right: PostgresRight) =>
    right === "CREATE"
      ? over.includes(server.schemas.get(`${database}/${schema}`) ?? "")
      : items.some(({ kind, owner }) => right.endsWith(` ON ${kind}`) && over.includes(owner));
  const isGiven = ({ item, madeBy }: ModelRight) =>
    item === undefined || madeBy !== undefined || items.some(({ name }) => name === item);
  return rightsOf(["own"]).filter(
    (right) =>
      right !== "CONNECT" &&
      right !== "USAGE" &&
      (isOwned(right) || given.some((each) => each.right === right && isGiven(each))),
  );
}

/** What a role can use there, however it comes by it. */
export function usableIn(server: PostgresServer, place: PostgresPlace, role: string): readonly PostgresRight[] {
  const { database, schema } = place;
  const own = [...server.rights.values()].filter(
    (each) => each.role === role && each.database === database && each.schema === schema && each.right !== "USAGE",
  );
  return [...own.map(({ right }) => right), ...inheritedBy(server, { database, schema }, role)];
}

/** The changes of a statement that fails never happened. */
function transaction<T>(server: PostgresServer, change: (draft: PostgresServer) => T): T {
  const draft = structuredClone(server);
  const result = change(draft);
  for (const part of ["roles", "databases", "schemas", "items", "rights", "memberships"] as const) {
    const kept: Map<string, unknown> = server[part];
    kept.clear();
    for (const [key, value] of draft[part]) kept.set(key, value);
  }
  return result;
}

// ——— The port ———

/** For a cloud in which no call fails, and every principal is of the tenant. */
export function createCalmPostgres(server: PostgresServer): PostgresRoles {
  let made = 100;
  return createPostgresModel(server, async (_port, _name, act) => act(), {
    isInTenant: () => true,
    newId() {
      made += 1;
      return `${made}`;
    },
  });
}

export function createPostgresModel(server: PostgresServer, call: Call, settings: PostgresSettings): PostgresRoles {
  const write = <T>(name: string, change: (draft: PostgresServer) => T): Promise<T> =>
    call("postgres", name, () => transaction(server, change));
  const spot = ({ database, schema }: PostgresPlace) => `${database}/${schema}`;
  const notesOf = (role: string) => readMark(server.roles.get(role)?.comment)?.grants ?? {};

  /** As it was seen; another one of its name is not touched. */
  const giveUp = async (
    { role, id, databases }: DroppedRole,
    { isDropped, next }: { isDropped: (found: ModelRole) => boolean; next?: (draft: PostgresServer) => void },
  ): Promise<void> => {
    const isMeant = ({ roles }: PostgresServer) => {
      const found = roles.get(role);
      return found?.id === id && isDropped(found);
    };
    if (!(await call("postgres", "read role", () => isMeant(server)))) return;
    for (const database of databases) {
      await write(`release ${database}`, (draft) => {
        if (isMeant(draft)) release(draft, database, role);
      });
    }
    await write("drop role", (draft) => {
      if (!isMeant(draft)) return;
      dropRole(draft, role);
      next?.(draft);
    });
  };

  return {
    holders: () => Promise.reject(new Error("no operation asks who else uses a schema")),
    async inspect(place, { role, principalId }) {
      const [roles, schema] = await Promise.all([
        call("postgres", "inspect role", () =>
          [...server.roles]
            .filter(([name, each]) => name === role || (principalId !== undefined && each.principalId === principalId))
            .toSorted(([a], [b]) => Number(a !== role) - Number(b !== role) || (a < b ? -1 : 1))
            .map(([name, { isActedFor: _acted, lostComment: _lost, ...each }]) => ({
              name,
              isShut: false,
              ...each,
              principalId: each.principalId,
              comment: each.comment,
              databases: databasesOf(server, name),
            })),
        ),
        call("postgres", `inspect ${spot(place)}`, () => readSchema(server, place, role)),
      ]);
      return { roles, schema };
    },
    create: (_place, role) => write("create role", (draft) => createRole(draft, settings, role)),
    async amendNotes({ database }, { role, base, add = {}, remove = [], leavesUnless, opens = false }) {
      await write("amend mark", (draft) => {
        const found = draft.roles.get(role);
        const written = readMark(found?.comment);
        const own = readMark(base);
        const mark = found && (own && written?.berth !== own.berth ? own : written);
        if (!mark) {
          if (Object.keys(add).length === 0) return;
          throw new TransientError("POSTGRES_UNAVAILABLE", `${role} or its mark is gone (40001)`);
        }
        requireActed(draft, [role]);
        const grants = { ...mark.grants, ...add };
        for (const key of remove) delete grants[key];
        const opened = opens ? { canLogIn: true, isShut: false } : {};
        draft.roles.set(role, { ...found, ...opened, comment: JSON.stringify({ ...mark, grants }) });
        const isLast = leavesUnless !== undefined && !Object.keys(grants).some((key) => key.startsWith(leavesUnless));
        if (isLast) {
          removeRights(draft, (each) => each.role === role && each.right === "CONNECT" && each.database === database);
        }
      });
      return await call("postgres", "count notes", () => Object.keys(notesOf(role)).length);
    },
    grant: (place, given) => write(`grant ${spot(place)}`, (draft) => grantAll(draft, place, given)),
    revoke: (place, taken) => write(`revoke ${spot(place)}`, (draft) => revokeAll(draft, place, taken)),
    shut: (_place, { role, id }) =>
      write("shut role", (draft) => {
        const found = draft.roles.get(role);
        if (found?.id === id) draft.roles.set(role, { ...found, canLogIn: false, isShut: true });
      }),
    handOver: (place, role) => write(`hand over ${spot(place)}`, (draft) => handOverAll(draft, place, role)),
    dropHeir: (place, role) =>
      call("postgres", "read heir", () => server.roles.has(postgresHeirName(role))).then(async (isThere) => {
        if (isThere) await write("drop heir", (draft) => dropHeir(draft, place, postgresHeirName(role)));
      }),
    drop: (_place, dropped) =>
      giveUp(dropped, { isDropped: ({ comment }) => Object.keys(readMark(comment)?.grants ?? {}).length === 0 }),
    replace: (_place, { principalId, comment, ...replaced }) =>
      giveUp(replaced, {
        isDropped: () => true,
        next: (draft) => createRole(draft, settings, { role: replaced.role, principalId, comment }),
      }),
    removeComment: (_place, role) =>
      write("remove mark", (draft) => {
        if (!draft.roles.has(role)) return;
        const { comment: _comment, ...rest } = requireRole(draft, role);
        requireActed(draft, [role]);
        draft.roles.set(role, rest);
      }),
  };
}
