/** Roles on PostgreSQL servers. */
import type { PrincipalId } from "../domain/naming/identityPair.ts";
import type { PostgresPlace, PostgresRight } from "../domain/targets/postgres.ts";

export interface PostgresRole {
  readonly name: string;
  /** Distinguishes it from a later role of the same name. */
  readonly id: string;
  /** The principal ID of whom Microsoft Entra lets in as this role; undefined for a role that only PostgreSQL knows. */
  readonly principalId: string | undefined;
  readonly canLogIn: boolean;
  /** Mooring has shut it, since it was given up; otherwise somebody else keeps it from logging in. */
  readonly isShut?: boolean;
  readonly comment: string | undefined;
  /** The databases in which it owns something or has rights of its own. */
  readonly databases: readonly string[];
}

/** A database and a schema, seen from one role. */
export interface PostgresSchema {
  readonly databaseOwner: string;
  readonly schemaOwner: string;
  /** Who owns tables there, or may make some; Mooring can act for those that it is a member of, or may administer. */
  readonly owners: readonly { readonly name: string; readonly isActedFor: boolean }[];
  /**
   * What the role has on everything that Mooring may give, each directly: what it has by PUBLIC or another role does not count here.
   */
  readonly held: readonly PostgresRight[];
  /** What it has on a part of the tables or sequences, or not on those to come. */
  readonly heldPartly: readonly PostgresRight[];
  /**
   * What it can use on something there as a member of other roles, without CONNECT and USAGE, which give nothing alone; what everybody
   * has (PUBLIC) does not count.
   */
  readonly inherited: readonly PostgresRight[];
  /** What the role owns in the schema: `table sales.orders`. */
  readonly owned: readonly string[];
}

export interface PostgresState {
  /** The role with the name, and any other that lets the identity in. */
  readonly roles: readonly PostgresRole[];
  /** Undefined if the server has no such database, or the database no such schema. */
  readonly schema: PostgresSchema | undefined;
}

/** A role that can log in and has something in a schema, whoever gave it: by itself, by another role, or as everybody has it. */
export interface PostgresHolder {
  readonly name: string;
  readonly id: string;
  /** `service`, `user` or `group` of Microsoft Entra; `role` for one that only PostgreSQL knows. */
  readonly type: string;
  readonly principalId: string | undefined;
  readonly comment: string | undefined;
  readonly isSuperuser: boolean;
  /** Those on tables and sequences: on at least one that is there. */
  readonly rights: readonly PostgresRight[];
}

/** The access that a role has by its mark, by the operation that gave it. */
export type PostgresNotes = Readonly<Record<string, string>>;

export interface PostgresRoles {
  inspect(
    place: PostgresPlace,
    who: { readonly role: string; readonly principalId: PrincipalId | undefined },
  ): Promise<PostgresState>;
  /** Everybody who can use something in the schema. */
  holders(place: PostgresPlace): Promise<readonly PostgresHolder[]>;
  /** Makes the role for the identity, with the comment. Does nothing if there is one of that name. */
  create(
    place: PostgresPlace,
    role: { readonly role: string; readonly principalId: PrincipalId; readonly comment: string },
  ): Promise<void>;
  /**
   * Adds notes to the mark in the role's comment, or removes some; `base` replaces a comment that is no mark. Safe against others
   * who do the same. `leavesUnless`: with the last note that begins so, the right to connect to the place's database goes, too; only
   * whoever removes the last note knows that it is the last. Returns how many notes the mark has then. `opens` lets in a role that
   * was shut. The password of a role of Mooring's own goes each time: nobody but a superuser sees whether there is one.
   */
  amendNotes(
    place: PostgresPlace,
    change: {
      readonly role: string;
      readonly base: string | undefined;
      readonly add?: PostgresNotes;
      readonly remove?: readonly string[];
      readonly leavesUnless?: string | undefined;
      readonly opens?: boolean | undefined;
    },
  ): Promise<number>;
  /**
   * Gives rights on the schema: all or nothing, but for tables of owners for whom Mooring may not act. `owners`: whose tables to come
   * are included.
   */
  grant(place: PostgresPlace, given: PostgresRights): Promise<void>;
  /** Revokes them; waits for nobody's lock. Returns what stays, since others gave it or own the table: one phrase each. */
  revoke(place: PostgresPlace, revoked: PostgresRights): Promise<readonly string[]>;
  /** Lets nobody log in as the role any more, and ends its sessions. Does nothing if there is another role of its name meanwhile. */
  shut(place: PostgresPlace, role: Pick<DroppedRole, "role" | "id">): Promise<void>;
  /**
   * Gives what the role owns in the schema to others: tables and sequences that call no code of users to the database's owner,
   * everything else to the role's heir (postgresHeirName), stripped of its owner's rights.
   */
  handOver(place: PostgresPlace, role: string): Promise<void>;
  /**
   * The same in these databases, then ends the role's rights there, and drops it. Does nothing if there is another role of its name
   * meanwhile, or if its mark has a note.
   */
  drop(place: PostgresPlace, dropped: DroppedRole): Promise<void>;
  /** Drops the role's heir; fails with what it owns. Does nothing if there is none. */
  dropHeir(place: PostgresPlace, role: string): Promise<void>;
  /** Drops it whatever the mark says, and makes a role of its name for another identity in its place. */
  replace(
    place: PostgresPlace,
    replaced: DroppedRole & { readonly principalId: PrincipalId; readonly comment: string },
  ): Promise<void>;
  /** Removes the comment. */
  removeComment(place: PostgresPlace, role: string): Promise<void>;
}

export interface DroppedRole {
  readonly role: string;
  /** As it was seen. */
  readonly id: string;
  readonly databases: readonly string[];
}

export interface PostgresRights {
  readonly role: string;
  readonly rights: readonly PostgresRight[];
  readonly owners: readonly string[];
}
