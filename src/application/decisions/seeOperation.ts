/** Which operations a caller sees. */
import type { Caller } from "../../domain/access/caller.ts";
import type { AnyOperation } from "../../domain/operation/records.ts";
import { mayDecide } from "../../domain/policy/approval.ts";
import { maySee } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";

/** Its team sees an operation, and so does whoever may decide it; a batch may be of several teams: its sender sees it. */
export function maySeeOperation(by: Caller, record: AnyOperation): boolean {
  if (record.kind === "batch") return maySee(by, record) || by.id === record.requestedBy;
  return maySee(by, record) || (record.approval !== undefined && mayDecide(by, record.approval));
}

/** The same words for what is not there and for what is another team's. */
export function mustSeeOperation<O extends AnyOperation>(
  by: Caller,
  id: string,
  record: O | undefined,
  may: (by: Caller, record: O) => boolean = maySeeOperation,
): O {
  if (record && may(by, record)) return record;
  throw new Refusal("NOT_FOUND", `No operation has the ID "${id}".`);
}
