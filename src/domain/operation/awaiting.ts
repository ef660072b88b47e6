/** Whether an operation waits for people, and for whom, according to its record. */
import type { Caller } from "../access/caller.ts";
import type { PersonOf } from "../access/person.ts";
import { type Approval, mayDecide } from "../policy/approval.ts";
import { isFinal, type OperationStatus } from "./operation.ts";
import type { OperationRecord } from "./records.ts";

interface Asking {
  readonly status: OperationStatus;
  readonly approval?: Approval | undefined;
  readonly cancel?: object | undefined;
}
export type Awaiting<Operation> = Operation & { readonly approval: Approval };

/** Whether it has requested approval and has not been decided, canceled or ended since. */
export function awaitsApproval<Operation extends Asking>(operation: Operation): operation is Awaiting<Operation> {
  const { status, approval, cancel } = operation;
  return approval !== undefined && !approval.decision && !cancel && !isFinal(status);
}

/**
 * Whether it waits for this caller: time is left, and the caller may decide, and is neither the person who requested it nor one who
 * has approved it already.
 */
export function awaitsCaller(
  by: Caller,
  operation: OperationRecord,
  now: Date,
  personOf: PersonOf = (id) => id,
): boolean {
  if (!awaitsApproval(operation)) return false;
  const { requestedBy, approval } = operation;
  const { given = [], expiresTime } = approval;
  const person = personOf(by.id);
  if (person === undefined) return false;
  const others = [requestedBy, ...given.map((each) => each.by)].every((id) => personOf(id) !== person);
  const isHis = mayDecide(by, approval) && others;
  return isHis && now.getTime() < Date.parse(expiresTime);
}
