/** The namespace's role on a server: one for all schemas there. Its comment is the mark, with a note for each right. */

import { defined } from "../../../domain/defined.ts";
import { namesOf } from "../../../domain/lookUp.ts";
import type { PrincipalId } from "../../../domain/naming/identityPair.ts";
import { namespaceKey, postgresRoleName } from "../../../domain/naming/names.ts";
import { operationsIn, readMark, type UserMark } from "../../../domain/naming/ownership.ts";
import type { Notice } from "../../../domain/operation/plan.ts";
import type { Access } from "../../../domain/targets/access.ts";
import {
  type PostgresPlace,
  type PostgresRight,
  type PostgresWord,
  postgresWords,
  rightsOf,
} from "../../../domain/targets/postgres.ts";
import type { Ports } from "../../../ports/index.ts";
import type { PostgresRole, PostgresSchema } from "../../../ports/postgres.ts";
import type { About } from "../../definitions/targetFamily.ts";

export type Looking = Pick<Ports, "postgres">;

export interface RoleAt {
  readonly name: string;
  readonly role: PostgresRole | undefined;
  /** Other roles that let the identity in. */
  readonly others: readonly PostgresRole[];
  readonly schema: PostgresSchema | undefined;
  /** Undefined if the role is none of Mooring's. */
  readonly mark: UserMark | undefined;
  /** Somebody wrote over the comment; the record still has it. */
  readonly isMarkLost: boolean;
  /** It has a mark for the namespace, and lets in an identity that no record knows. */
  readonly isUnrecorded: boolean;
}

interface Sought {
  readonly about: About;
  readonly principalId: PrincipalId | undefined;
  /** By default, the name that Mooring gives it. */
  readonly name?: string;
}

async function readRole(
  { postgres }: Looking,
  place: PostgresPlace,
  { about, principalId, name = postgresRoleName(about.namespaceRef) }: Sought,
): Promise<RoleAt> {
  const { roles, schema } = await postgres.inspect(place, { role: name, principalId });
  const role = roles.find((each) => each.name === name);
  const ours = (text: string | undefined) => {
    const mark = readMark(text);
    return mark?.berth === namespaceKey(about.namespaceRef) ? mark : undefined;
  };
  const written = ours(role?.comment);
  const thing = thingOf(place, postgresRoleName(about.namespaceRef));
  const known = written ?? (role && ours(await about.recordedMark(thing, role.id)));
  // One that lets nobody in is nobody else's.
  const holder = role?.principalId?.toLowerCase();
  const evidence = { isHolder: (id: string) => id === holder, operations: known && operationsIn(known) };
  const whose = known && holder !== undefined ? await about.judge(known, defined(evidence)) : "ours";
  const mark = whose === "ours" ? known : undefined;
  return {
    ...{ name, role, schema, mark },
    others: roles.filter((each) => each !== role),
    isMarkLost: mark !== undefined && written === undefined,
    isUnrecorded: whose === "unrecorded",
  };
}

export interface RolesFound {
  /** The one with the name that Mooring gives it, and any that it was until somebody renamed it: that one still lets the identity in. */
  readonly own: RoleAt;
  readonly renamed: readonly RoleAt[];
  /** Somebody else made them for the same identity. */
  readonly others: readonly RoleAt[];
}

/** Nearly always there is one role, and so one look. */
export async function readRoles(
  ports: Looking,
  place: PostgresPlace,
  sought: Omit<Sought, "name">,
): Promise<RolesFound> {
  const own = await readRole(ports, place, sought);
  const namesakes = await Promise.all(own.others.map(({ name }) => readRole(ports, place, { ...sought, name })));
  return {
    own,
    renamed: namesakes.filter(({ mark }) => mark !== undefined),
    others: namesakes.filter(({ mark }) => mark === undefined),
  };
}

/** Those of all owners for whom Mooring may act. */
export function actedFor(schema: PostgresSchema | undefined): readonly string[] {
  return schema?.owners.filter(({ isActedFor }) => isActedFor).map(({ name }) => name) ?? [];
}

/** The others: Mooring can give nothing on what is theirs. */
export function strangersIn({ owners }: PostgresSchema): readonly string[] {
  return owners.filter(({ isActedFor }) => !isActedFor).map(({ name }) => name);
}

/** What access to the schema leaves out. */
export function describeStrangers(
  schema: PostgresSchema | undefined,
  { schema: name, login }: PostgresPlace,
  { target }: Pick<About, "target">,
): readonly Notice[] {
  const strangers = schema ? strangersIn(schema) : [];
  if (strangers.length === 0) return [];
  const message =
    `On target "${target}", what ${strangers.join(", ")} has or makes in schema "${name}" is left out: ` +
    `Mooring's role "${login}" may not give rights on it.`;
  return [{ code: "TARGET_PARTLY_GIVEN", message }];
}

/** What the namespace's record calls the role: all targets of a server share it. */
export function thingOf({ resourceId }: Pick<PostgresPlace, "resourceId">, role: string): string {
  return `role ${role} on ${resourceId.split("/").at(-1)}`;
}

export function lets(role: PostgresRole, { principalId }: { readonly principalId: PrincipalId }): boolean {
  return role.principalId?.toLowerCase() === principalId.toLowerCase();
}

/** Only words of this kind get here: the catalog allows no others. */
export function wordsOf(access: readonly Access[]): readonly PostgresWord[] {
  return namesOf(postgresWords).filter((word) => access.includes(word));
}

// ——— Notes: `orders/public SELECT ON TABLES`, with the operation that gave it ———

type Spot = Pick<PostgresPlace, "database" | "schema">;

export function noteKey({ database, schema }: Spot, right: PostgresRight): string {
  return `${database}/${schema} ${right}`;
}

/** The rights that Mooring gave on the schema, each with its operation. */
export function notedAt(mark: UserMark | undefined, spot: Spot): ReadonlyMap<PostgresRight, string> {
  const found = rightsOf(namesOf(postgresWords)).flatMap((right) => {
    const operation = mark?.grants[noteKey(spot, right)];
    return operation === undefined ? [] : [[right, operation] as const];
  });
  return new Map(found);
}

/** The databases in which Mooring gave something. */
export function notedDatabases({ grants }: UserMark): readonly string[] {
  return [...new Set(Object.keys(grants).map((key) => key.slice(0, key.indexOf("/"))))];
}

/** As few words as say them, and the rights that are left over. */
export function inWords(rights: readonly PostgresRight[]): readonly string[] {
  const word = namesOf(postgresWords).findLast((each) => rightsOf([each]).every((right) => rights.includes(right)));
  if (word === undefined) return rights;
  return [word, ...rights.filter((right) => !rightsOf([word]).includes(right))];
}
