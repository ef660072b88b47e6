/**
 * Access to a target that no namespace asked Mooring for, as it is there now. Whoever it is must be told apart from the identities
 * that Mooring gives access to, and only the registry knows these: anybody can write a mark that looks like Mooring's.
 */
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { KnownThing } from "../../domain/naming/ownership.ts";

export interface OtherRight {
  /** As the target says it. */
  readonly right: string;
  /** Where it is given, if that is not the target itself: it also holds there, or only there. */
  readonly scope?: string | undefined;
  /** Mooring gave it to the namespace for another of its targets. */
  readonly isForAnother?: true | undefined;
}

export interface OtherAccess {
  /** As the target calls whoever has it. */
  readonly name: string;
  /** As the target says it: `EXTERNAL_USER`, `Group`. */
  readonly type: string;
  /** The namespace whose identity it is. */
  readonly owner?: Owner | undefined;
  readonly isMooring?: true | undefined;
  readonly rights: readonly OtherRight[];
}

export interface Owner {
  readonly namespaceRef: NamespaceRef;
  readonly team: string | undefined;
  /** Whether the namespace has the target, so that Mooring may have given something there. */
  readonly hasTarget: boolean;
  readonly things: readonly KnownThing[];
}

/** Whose identities the registry knows. */
export interface Owners {
  /** By the SID of its user in a database. */
  bySid(sid: string): Owner | undefined;
  byPrincipalId(principalId: string): Owner | undefined;
  /** Whether the identity of that namespace is not recorded yet: then its mark has to do. */
  isUnsure(key: string): boolean;
}

/** The mark that the thing had when the namespace was last looked at: somebody may have written over it since. */
export function recordedMarkOf({ things }: Owner, thing: string, id: string | undefined): string | undefined {
  return things.find((each) => each.thing === thing && each.id === id)?.mark;
}
