/** Which operations a caller sees. */
import type { Caller } from "../../domain/access/caller.ts";
import type { AnyOperation } from "../../domain/operation/records.ts";
import { mayDecide } from "../../domain/policy/approval.ts";
import { maySee } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";

/**
 * An operation is visible to its team and to anyone who may decide it. A batch may concern several teams: its sender sees it,
 * too.
 */
export function maySeeOperation(by: Caller, record: AnyOperation): boolean {
  if (record.kind === "batch") return maySee(by, record) || by.id === record.requestedBy;
  return maySee(by, record) || (record.approval !== undefined && mayDecide(by, record.approval));
}

/** The same message whether the operation does not exist or belongs to another team. */
export function mustSeeOperation<O extends AnyOperation>(
  by: Caller,
  id: string,
  record: O | undefined,
  may: (by: Caller, record: O) => boolean = maySeeOperation,
): O {
  if (record && may(by, record)) return record;
  throw new Refusal("NOT_FOUND", `No operation has the ID "${id}".`);
}
