/**
 * Bindings that Mooring made of an identity for guests that are there no longer, such as one whose write took effect after its guest
 * had left: nobody looks for it in that namespace any more, so the identity's home does (federatedCredential/leftByGuests.ts).
 */
import { PermanentError } from "../../domain/errors.ts";
import { lookUp } from "../../domain/lookUp.ts";
import {
  automaticCredential,
  homeOf,
  type IdentityUser,
  identityBindingName,
  isGuest,
  isIdentityBindingName,
  type NamespaceRef,
  namespaceKey,
} from "../../domain/naming/names.ts";
import type { Difference } from "../../domain/operation/plan.ts";
import type { BindingRef } from "../../ports/identityBindings.ts";
import type { Ports } from "../../ports/index.ts";
import { askedOf, mayBind } from "../definitions/identityMembers.ts";
import { namespacePages } from "../definitions/namespacePages.ts";
import { bindingsOf } from "./boundBy.ts";

type Looking = Pick<Ports, "catalog" | "identityBindings" | "registry">;

export interface LeftBindings {
  readonly refs: readonly BindingRef[];
  /** Nobody else binds the identity: Azure's credential for its bindings goes with them. */
  readonly areLast: boolean;
}

const none: LeftBindings = { refs: [], areLast: false };

/**
 * The bindings are read before the records: whose namespace has one by then has its binding, or is about to. One that comes later waits
 * for the operation that holds the home (resources/identity/sharing.ts).
 */
export async function findBindingsLeftByGuests(ports: Looking, user: IdentityUser): Promise<LeftBindings> {
  const home = homeOf(user);
  // Where the catalog says nothing of guests, nobody looks into the clusters of others.
  if (isGuest(user) || !lookUp(ports.catalog.sharedIdentities, namespaceKey(home))) return none;
  const bound = await bindingsSeen(ports, user);
  const isOfGuest = ({ name }: BindingRef) => isIdentityBindingName(name) && name !== identityBindingName(home);
  // Few homes have one at all, and only then are all records read.
  if (!bound.some(isOfGuest)) return none;
  const users = await readUsers(ports, home);
  if (!users) return none;
  const named = new Set(users.names);
  const refs = bound.filter((each) => isOfGuest(each) && !named.has(each.name));
  return { refs, areLast: refs.length > 0 && refs.length === bound.length && !users.mayBind };
}

/** None where Mooring may not look. */
async function bindingsSeen(ports: Looking, user: IdentityUser): Promise<readonly BindingRef[]> {
  try {
    return await bindingsOf(ports, user);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return [];
  }
}

interface Users {
  /** Of the bindings that they may have, whatever their identity mode: what is too much is their own business. */
  readonly names: readonly string[];
  readonly mayBind: boolean;
}

/** Not only those that the home's record names, which may have lost them. Undefined if somebody's record cannot be read. */
async function readUsers(ports: Pick<Ports, "registry">, home: NamespaceRef): Promise<Users | undefined> {
  const names: string[] = [];
  let isBound = false;
  for await (const { value, unreadable = [] } of namespacePages(ports)) {
    if (unreadable.length > 0) return undefined;
    const users = value.filter((each) => namespaceKey(each) === namespaceKey(home) || askedOf(each, home).length > 0);
    names.push(...users.map(identityBindingName));
    isBound ||= users.some(mayBind);
  }
  return { names, mayBind: isBound };
}

export function removalsOf({ refs, areLast }: LeftBindings): readonly Difference[] {
  return [
    ...refs.map(({ name }) => ({ field: "name", current: name, desired: null })),
    ...(areLast ? [{ field: "credential", current: automaticCredential, desired: null }] : []),
  ];
}
