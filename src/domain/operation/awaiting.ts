/** Whether an operation waits for people, as its record tells. */
import type { Approval } from "../policy/approval.ts";
import { isFinal, type OperationStatus } from "./operation.ts";

interface Asking {
  readonly status: OperationStatus;
  readonly approval?: Approval | undefined;
  readonly cancel?: object | undefined;
}
type Awaiting<Operation> = Operation & { readonly approval: Approval };

/** Whether it has asked for approval, and nobody has decided, canceled or ended it since. */
export function awaitsApproval<Operation extends Asking>(operation: Operation): operation is Awaiting<Operation> {
  const { status, approval, cancel } = operation;
  return approval !== undefined && !approval.decision && !cancel && !isFinal(status);
}
