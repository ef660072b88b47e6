/**
 * Claims a namespace whose access has ended: to offboard it, or to change it to what has not ended. A change that only revokes needs
 * no approval and no sign of a person; whoever writes the record first, a renewal or this, has the namespace.
 */
import { expiryCaller } from "../../domain/access/caller.ts";
import { defined } from "../../domain/defined.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { type Ending, endingAt, isConfirmed, nextEnd, noteOf, triedAgain } from "../../domain/operation/expiry.ts";
import { type Beginning, beginOffboarding, supersede } from "../../domain/operation/lifecycle.ts";
import type { FreeRecord, HeldRecord } from "../../domain/operation/namespaceRecord.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { hashRequest } from "../../domain/request/requestHash.ts";
import { type Claim, expectFree, refuseTooManyHalfDone, refuseWhileMigrating } from "./claim.ts";
import type { ClaimContext } from "./claimContext.ts";
import { claimExisting } from "./claimExisting.ts";

/** `now` is what both clocks have reached: the registry's and this machine's. */
export async function claimExpired(
  claimContext: ClaimContext,
  namespaceRef: NamespaceRef,
  now: number,
): Promise<Claim> {
  const confirmMs = claimContext.ports.catalog.expiry.confirmMinutes * 60_000;
  return await claimExisting(claimContext, namespaceRef, {
    isAnswer: ({ state, requestedBy }) =>
      state === "Offboarding" || (state === "Changing" && requestedBy === expiryCaller.id),
    next(current, beginning) {
      expectFree(current);
      const ending = isConfirmed(current, now, { confirmMs })
        ? endingAt(current, new Date(now).toISOString())
        : undefined;
      if (!ending)
        throw new Refusal("NAMESPACE_CHANGED", `${namespaceKey(namespaceRef)} has no access that has ended.`);
      return begin({ ...current, ...tryAgain(current, now, beginning) }, beginning, ending);
    },
  });
}

function tryAgain(current: FreeRecord, now: number, { operation }: Beginning): Pick<FreeRecord, "expiry"> {
  const time = new Date(now).toISOString();
  const end = nextEnd(current);
  return end === undefined ? {} : { expiry: triedAgain(noteOf(current, end), { time, operation }) };
}

function begin(current: FreeRecord, beginning: Beginning, ending: Ending): HeldRecord {
  switch (ending.by) {
    case "offboard":
      return beginOffboarding(current, beginning, { ignoreDependants: false });
    case "narrow": {
      refuseWhileMigrating(current);
      refuseTooManyHalfDone(current);
      const { cluster, namespace, team } = current;
      const { request, earlier } = ending;
      const owned = defined({ team });
      const opening = { ...beginning, cluster, namespace, ...owned, request, requestHash: hashRequest(request) };
      return supersede(current, opening, { earlier, takeOver: false });
    }
  }
}
