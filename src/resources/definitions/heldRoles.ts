/**
 * What Azure's own roles and those of a Cosmos DB account have in common: a principal has a role at the scope of a target. What
 * others gave is used as it is, what is missing is given, and what an earlier identity had is revoked.
 */
import { type Finding, finding } from "../../domain/finding.ts";
import type { IdentityPair, PrincipalId } from "../../domain/naming/identityPair.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { Conflict, Difference } from "../../domain/operation/plan.ts";
import { Access, withIncluded } from "../../domain/targets/access.ts";
import { roleDelayMs } from "../../domain/targets/azureRoles.ts";
import type { OtherAccess, OtherRight } from "./otherAccess.ts";
import type { Decision, Granting, Revoking } from "./targetFamily.ts";
import { eachByItself } from "./tidying.ts";

export interface HeldRole {
  /** What requests call it, or its ID: nobody can ask for such a one. */
  readonly word: string;
  readonly roleId: string;
  readonly principalId: string;
  /** It holds only where this is true. */
  readonly condition?: string | undefined;
}

/** Mooring gave it the namespace. */
export interface OurRole extends HeldRole {
  isGivenBy(operation: string): boolean;
  remove(): Promise<void>;
}

export interface RolesAt<Ours extends OurRole = OurRole, Other extends HeldRole = HeldRole> {
  readonly ours: readonly Ours[];
  /** With Mooring's mark and name for the namespace, and of an identity that no record knows: nobody but an operator decides. */
  readonly unrecorded: readonly Ours[];
  readonly others: readonly Other[];
}

interface Role {
  readonly id: string;
  readonly word: string;
}

type Principal = { readonly principalId: PrincipalId };

export function isOf({ principalId }: Pick<HeldRole, "principalId">, identity: Principal): boolean {
  return principalId.toLowerCase() === identity.principalId.toLowerCase();
}

export function isOneOf({ roleId }: HeldRole, roles: readonly Pick<Role, "id">[]): boolean {
  return roles.some(({ id }) => id === roleId);
}

/** The role that the identity has among those. */
export function heldBy<R extends HeldRole>(held: readonly R[], role: Role, identity: Principal): R | undefined {
  return held.find((each) => isOneOf(each, [role]) && isOf(each, identity));
}

interface Writing<R> {
  readonly give: (role: R, identity: IdentityPair) => Promise<void>;
  /** What is wrong with a role that the identity has. */
  readonly corrections?: readonly { readonly difference: Difference; readonly write: () => Promise<void> }[];
}

export function planRoles<R extends Role>(
  { ours, others }: RolesAt,
  wanted: readonly R[],
  { identity, access, operation, revokesSurplus }: Granting,
  { give, corrections = [] }: Writing<R>,
): Decision {
  const has = (held: readonly HeldRole[], role: R) => identity !== undefined && heldBy(held, role, identity);
  const own = identity ? wanted.flatMap((role) => heldBy(ours, role, identity) ?? []) : [];
  const isLent = wanted.some((role) => has(others, role));
  const missing = wanted.filter((role) => !has(ours, role) && !has(others, role));
  // While the identity does not exist, every role that Mooring gave was an earlier identity's.
  const stale = ours.filter((each) => !identity || !isOf(each, identity));
  const surplus = revokesSurplus ? ours.filter((each) => !stale.includes(each) && !isOneOf(each, wanted)) : [];
  const revoked = [...stale, ...surplus];

  const giveAll = async (roles: readonly R[], to: IdentityPair) => {
    for (const role of roles) await give(role, to);
  };
  const isUnchanged = missing.length + corrections.length + revoked.length === 0;
  const isNew = own.every((each) => each.isGivenBy(operation)) && !isLent && revoked.length === 0;
  const usual = isLent && own.length === 0 ? "adopt" : isUnchanged ? "none" : "update";
  return {
    action: isNew ? "create" : usual,
    differences: [
      ...missing.map(({ word }) => ({ field: word, current: null, desired: `granted${withIt(word, access)}` })),
      ...corrections.map(({ difference }) => difference),
      ...stale.map(({ word, principalId }) => ({ field: word, current: `granted to ${principalId}`, desired: null })),
      ...surplus.map(lost),
    ],
    deletesRoles: revoked.length > 0,
    writes: eachByItself([
      ...(identity && missing.length > 0 ? [() => giveAll(missing, identity)] : []),
      ...corrections.map(({ write }) => write),
      ...revoked.map((each) => () => each.remove()),
    ]),
  };
}

/** What was asked for besides, and comes with the role for the word. */
function withIt(word: string, access: readonly string[]): string {
  const included = new Set<string>(withIncluded(Access.options.filter((each) => each === word)));
  const others = access.filter((other) => other !== word && included.has(other));
  return others.length === 0 ? "" : `, ${others.join(", ")} with it`;
}

/** Before the first operation of a namespace gives anything. */
export function conflictOfUnrecorded(
  { unrecorded: [found] }: Pick<RolesAt, "unrecorded">,
  { isFirst, target, namespaceRef }: Pick<Granting, "isFirst" | "target" | "namespaceRef">,
): Conflict | undefined {
  if (!isFirst || !found) return undefined;
  const what = `On ${target} principal ${found.principalId} has the role ${found.word} with Mooring's mark for ${namespaceKey(namespaceRef)}`;
  return { code: "IDENTITY_UNRECORDED", message: `${what}, and no record knows it.` };
}

/** Revokes the roles that Mooring gave, whichever identity has them, except those that the namespace keeps. */
export function planRoleRevocation(ours: readonly OurRole[], kept: readonly Role[], input: Revoking): Decision {
  const { createdBy, granted } = input;
  const revoked = ours
    .filter((each) => !isOneOf(each, kept))
    .filter((each) => !granted || (granted.to && isOf(each, granted.to)))
    .filter((each) => createdBy === undefined || each.isGivenBy(createdBy));
  return {
    action: revoked.length > 0 ? "delete" : "none",
    differences: revoked.map(lost),
    deletesRoles: revoked.length > 0,
    writes: eachByItself(revoked.map((each) => () => each.remove())),
  };
}

function lost({ word }: HeldRole): Difference {
  return { field: word, current: "granted", desired: null };
}

export function inspectHeld(
  { ours, unrecorded, others }: RolesAt,
  wanted: readonly Role[],
  { target, identity }: Pick<Granting, "target" | "identity">,
): readonly Finding[] {
  // That the identity is gone is a finding of its own.
  if (!identity) return [];
  const own = ours.filter((each) => isOf(each, identity));
  const stale = ours.filter((each) => !isOf(each, identity));
  const added = others.filter((each) => isOf(each, identity));
  const missing = wanted.filter((role) => ![...own, ...added].some((each) => isOneOf(each, [role])));
  const about = { target, wanted };
  return [
    ...missing.map(({ word }) => finding("GRANT_MISSING", target, { field: word, expected: "granted", found: null })),
    ...limited("GRANT_LIMITED", own, about),
    ...limited("GRANT_LIMITED_BY_OTHERS", added, about),
    ...stale.map(({ word, principalId }) =>
      finding("GRANT_STALE", target, { field: word, expected: identity.principalId, found: principalId }),
    ),
    ...unrecorded.map(({ word, principalId }) =>
      finding("GRANT_UNRECORDED", target, { field: word, expected: null, found: principalId }),
    ),
    ...beyond("GRANT_SURPLUS", own, { ...about, found: "granted by Mooring" }),
    ...beyond("GRANT_ADDED", added, { ...about, found: "granted by somebody else" }),
  ];
}

interface Compared {
  readonly target: string;
  readonly wanted: readonly Role[];
}

function limited(
  code: "GRANT_LIMITED" | "GRANT_LIMITED_BY_OTHERS",
  held: readonly HeldRole[],
  { target, wanted }: Compared,
): readonly Finding[] {
  return held
    .filter((each) => each.condition !== undefined && isOneOf(each, wanted))
    .map(({ word, condition = "" }) => finding(code, target, { field: word, expected: null, found: condition }));
}

function beyond(
  code: "GRANT_SURPLUS" | "GRANT_ADDED",
  held: readonly HeldRole[],
  { target, wanted, found }: Compared & { readonly found: string },
): readonly Finding[] {
  return held
    .filter((each) => !isOneOf(each, wanted))
    .map(({ word }) => finding(code, target, { field: word, expected: null, found }));
}

/** When the last of them is in effect everywhere; undefined if none has a time. */
export function inEffectFrom(given: readonly (string | undefined)[]): number | undefined {
  const times = given.map((time = "") => Date.parse(time)).filter((time) => !Number.isNaN(time));
  return times.length === 0 ? undefined : Math.max(...times) + roleDelayMs;
}

/** All rights of each principal together. */
export function byPrincipal(
  found: readonly (Omit<OtherAccess, "rights"> & { readonly right: OtherRight })[],
): readonly OtherAccess[] {
  const all = new Map<string, OtherAccess>();
  for (const { right, ...principal } of found) {
    const key = principal.name.toLowerCase();
    all.set(key, { ...principal, rights: [...(all.get(key)?.rights ?? []), right] });
  }
  return [...all.values()];
}
