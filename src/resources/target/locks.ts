/**
 * Management locks where Azure Resource Manager gives access and revokes it (learn.microsoft.com "Lock your resources"): a read-only
 * one forbids both, one against deletion only what is revoked.
 */
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import type { Decision } from "../definitions/targetFamily.ts";
import { noticeIfForbidden, noticeIfUnread } from "../definitions/unlessForbidden.ts";
import { type AnyPlace, targetAt } from "./families.ts";

type Looking = Pick<Ports, "azureResources">;

interface At {
  readonly place: AnyPlace;
  /** The alias. */
  readonly target: string;
}

export async function locksOnGranting({ azureResources }: Looking, { place, target }: At): Promise<Obstacles> {
  const { lockScope } = targetAt(place);
  if (lockScope === undefined) return {};
  return await noticeIfForbidden("TARGET_UNSEEN", async () => {
    const locks = await azureResources.locksAt(lockScope);
    const frozen = locks.find(({ level }) => level === "ReadOnly");
    if (frozen) {
      const message = `A read-only lock forbids role assignments on target "${target}": ${frozen.id}.`;
      return { blockers: [toOperationError("ARM_LOCKED", message)] };
    }
    const kept = locks.find(({ level }) => level === "CanNotDelete");
    const message = `A lock against deletion keeps what is given on target "${target}" from being taken back: ${kept?.id}.`;
    return kept ? { notices: [toNotice("TARGET_KEPT_BY_LOCK", message)] } : {};
  });
}

export interface Placed {
  readonly place: AnyPlace;
  readonly decision: Decision;
  /** No preflight has looked whether access may be given there: a repair has none. */
  readonly isUnchecked?: boolean;
}

/** Where something would be revoked, or given without a preflight. */
export async function locksOnChanging(
  { azureResources }: Looking,
  { target, placed }: { readonly target: string; readonly placed: readonly Placed[] },
): Promise<Required<Obstacles>> {
  const changed = placed.flatMap(({ place, decision, isUnchecked = false }) => {
    const scope = targetAt(place).lockScope;
    const deletes = decision.deletesRoles === true;
    const gives = isUnchecked && decision.differences.length > 0;
    return scope !== undefined && (deletes || gives) ? [{ scope, deletes }] : [];
  });
  const found = await Promise.all(
    changed.map(({ scope, deletes }) =>
      noticeIfUnread("TARGET_UNSEEN", async () => {
        const lock = (await azureResources.locksAt(scope)).find(({ level }) => deletes || level === "ReadOnly");
        const what = deletes ? "taking back access to" : "giving access to";
        const message = `A ${lock?.level} lock forbids ${what} target "${target}": ${lock?.id}.`;
        return lock ? { blockers: [toOperationError("ARM_LOCKED", message)] } : {};
      }),
    ),
  );
  return {
    blockers: found.flatMap(({ blockers = [] }) => blockers),
    notices: found.flatMap(({ notices = [] }) => notices),
  };
}
