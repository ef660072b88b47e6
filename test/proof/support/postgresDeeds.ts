/** What people do to an onboarded namespace's role on a PostgreSQL server, and to the tables that it has rights on. */

import type { Dice } from "test-support/random";
import { identityName, type NamespaceRef, namespaceKey, postgresRoleName } from "../../../src/domain/naming/names.ts";
import { readMark } from "../../../src/domain/naming/ownership.ts";
import {
  addMember,
  addRight,
  admins,
  databasesOf,
  dropItem,
  itemsIn,
  type ModelRight,
  makeItem,
  removeRights,
  removeRole,
  renameRole,
} from "./postgres.ts";
import { postgresPlaces } from "./postgresWorld.ts";
import type { World } from "./world.ts";

/** Whether it is drift that a repair puts right, or somebody else's from now on; undefined if there was nothing to do it to. */
export type PostgresDeed = (
  world: World,
  namespaceRef: NamespaceRef,
  dice: Dice,
) => "repairable" | "foreign" | undefined;

/** A role of others; the one that somebody makes for the identity; the name that Mooring's own gets. */
const readers = "readers";
const byHand = "by-hand";
const renamed = "renamed";

/** The role, if Mooring made it, and a schema on which it has something. */
function ours({ postgres }: World, namespaceRef: NamespaceRef, dice: Dice) {
  const name = postgresRoleName(namespaceRef);
  const found = postgres.roles.get(name);
  const mark = readMark(found?.comment);
  if (!found || mark?.berth !== namespaceKey(namespaceRef) || mark.operation === null) return undefined;
  const held = [...postgres.rights.values()].filter(({ role }) => role === name);
  const places = postgresPlaces.filter(([, { database, schema }]) =>
    held.some((each) => each.database === database && each.schema === schema),
  );
  if (places.length === 0) return undefined;
  const [, place] = dice.pick(places);
  const isHere = (each: ModelRight) => each.role === name && each.database === place.database;
  return { name, found, place, isIn: (each: ModelRight) => isHere(each) && each.schema === place.schema };
}

function newThing({ newGuid }: World): string {
  return `thing_${newGuid().slice(0, 8)}`;
}

/** What comes later goes by default to roles of others, too, and stays theirs. */
function effectOf(
  { postgres }: World,
  namespaceRef: NamespaceRef,
  { name }: { readonly name: string },
): "repairable" | "foreign" {
  const isMade = (role: string) => {
    const mark = readMark(postgres.roles.get(role)?.comment);
    return mark?.berth === namespaceKey(namespaceRef) && mark.operation !== null;
  };
  const isOfOthers = [...postgres.rights.values()].some((each) => each.item === name && !isMade(each.role));
  return isOfOthers ? "foreign" : "repairable";
}

export const onPostgres: Readonly<Record<string, PostgresDeed>> = {
  "takes a right on a schema away"(world, namespaceRef, dice) {
    const role = ours(world, namespaceRef, dice);
    if (!role) return undefined;
    const { right } = dice.pick([...world.postgres.rights.values()].filter(role.isIn));
    removeRights(world.postgres, (each) => role.isIn(each) && each.right === right);
    return "repairable";
  },
  "takes away what an owner's next table gives"(world, namespaceRef, dice) {
    const role = ours(world, namespaceRef, dice);
    if (!role) return undefined;
    removeRights(world.postgres, (each) => role.isIn(each) && each.madeBy !== undefined);
    return "repairable";
  },
  "drops the role"(world, namespaceRef, dice) {
    const role = ours(world, namespaceRef, dice);
    if (!role) return undefined;
    const { items, rights } = world.postgres;
    for (const [key, item] of items) if (item.owner === role.name) items.set(key, { ...item, owner: admins });
    for (const [key, each] of rights) if (each.role === role.name || each.madeBy === role.name) rights.delete(key);
    removeRole(world.postgres, role.name);
    return "repairable";
  },
  "writes over the role's comment"(world, namespaceRef, dice) {
    const role = ours(world, namespaceRef, dice);
    if (!role) return undefined;
    world.postgres.roles.set(role.name, { ...role.found, comment: "tidied up", lostComment: role.found.comment });
    return "repairable";
  },
  "gives the role a right"(world, namespaceRef, dice) {
    const role = ours(world, namespaceRef, dice);
    if (!role) return undefined;
    const { database, schema } = role.place;
    const right = { role: role.name, right: "TRUNCATE ON TABLES", database, schema } as const;
    addRight(world.postgres, { ...right, item: "entries" });
    return "repairable";
  },
  "uses the role in a database that it was not given"(world, namespaceRef, dice) {
    const role = ours(world, namespaceRef, dice);
    if (!role) return undefined;
    const others = [...world.postgres.databases.keys()].filter(
      (each) => !databasesOf(world.postgres, role.name).includes(each),
    );
    const [database] = dice.shuffle(others);
    if (database === undefined) return undefined;
    addRight(world.postgres, { role: role.name, right: "USAGE", database, schema: "public" });
    return "foreign";
  },
  "makes another role for the identity"({ azure, postgres, newGuid }, namespaceRef) {
    const identity = azure.identities.get(identityName(namespaceRef));
    if (!identity || postgres.roles.has("another")) return undefined;
    const { principalId } = identity;
    postgres.roles.set("another", { id: newGuid(), principalId, canLogIn: true, isActedFor: true });
    return "foreign";
  },
  "makes another role that can use a schema, or lets one use more"(world, namespaceRef, dice) {
    const identity = world.azure.identities.get(identityName(namespaceRef));
    if (!identity) return undefined;
    const { postgres, newGuid } = world;
    const [, { database, schema }] = dice.pick(postgresPlaces);
    const { principalId } = identity;
    const role = { id: newGuid(), principalId, canLogIn: true, isActedFor: false };
    if (!postgres.roles.has(byHand)) postgres.roles.set(byHand, role);
    const isByGroup = dice.chance(0.5);
    if (isByGroup) addMember(postgres, readers, byHand);
    const right = { role: isByGroup ? readers : byHand, right: "SELECT ON TABLES", database, schema } as const;
    addRight(postgres, { ...right, item: "entries" });
    return "foreign";
  },
  "lets the role use more by another one"(world, namespaceRef, dice) {
    const role = ours(world, namespaceRef, dice);
    if (!role) return undefined;
    const { database, schema } = role.place;
    addMember(world.postgres, readers, role.name);
    addRight(world.postgres, { role: readers, right: "TRUNCATE ON TABLES", database, schema, item: "entries" });
    return "foreign";
  },
  "renames the role"(world, namespaceRef, dice) {
    const role = ours(world, namespaceRef, dice);
    if (!role || world.postgres.roles.has(renamed)) return undefined;
    renameRole(world.postgres, role.name, renamed);
    return "repairable";
  },
  "makes a table as the application"(world, namespaceRef, dice) {
    const role = ours(world, namespaceRef, dice);
    if (!role) return undefined;
    const has = (right: string) =>
      [...world.postgres.rights.values()].some((each) => role.isIn(each) && each.right === right);
    if (!has("CREATE") || !has("USAGE")) return undefined;
    const { database, schema } = role.place;
    makeItem(world.postgres, { database, schema, name: newThing(world), kind: "TABLES", owner: role.name });
    return "repairable";
  },
  "makes a view as the application"(world, namespaceRef, dice) {
    const deed = onPostgres["makes a table as the application"]?.(world, namespaceRef, dice);
    const [key, last] = [...world.postgres.items].at(-1) ?? [];
    if (deed && key !== undefined && last) world.postgres.items.set(key, { ...last, hasCode: true });
    return deed;
  },
  "makes a table as its schema's owner"(world, namespaceRef, dice) {
    const [, { database, schema }] = dice.pick(postgresPlaces);
    const item = { database, schema, name: newThing(world), kind: "TABLES", owner: admins } as const;
    makeItem(world.postgres, item);
    return effectOf(world, namespaceRef, item);
  },
  "makes a table and gives it to the schema's owner"(world, namespaceRef, dice) {
    const [, { database, schema }] = dice.pick(postgresPlaces);
    const item = { database, schema, name: newThing(world), kind: "TABLES", owner: admins } as const;
    makeItem(world.postgres, item, { maker: "somebody" });
    return effectOf(world, namespaceRef, item);
  },
  "makes a table for which Mooring may not act"(world, _namespaceRef, dice) {
    const { postgres } = world;
    const [, { database, schema }] = dice.pick(postgresPlaces);
    const theirs = itemsIn(postgres, { database, schema }).find(({ owner }) => owner === "somebody");
    if (theirs) dropItem(postgres, theirs);
    else makeItem(postgres, { database, schema, name: newThing(world), kind: "TABLES", owner: "somebody" });
    return "foreign";
  },
};
