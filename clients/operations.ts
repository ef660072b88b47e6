/** What both clients say of operations. A status, a phase or an action that is missing here does not compile. */
import type { OperationStatus, Phase, StepAction } from "../src/domain/operation/operation.ts";

const ended: { readonly [S in OperationStatus]: boolean } = {
  NotStarted: false,
  Running: false,
  Succeeded: true,
  Failed: true,
  Canceled: true,
};

export function hasEnded({ status }: { readonly status: OperationStatus }): boolean {
  return ended[status];
}

export const phaseWords: { readonly [P in Phase]: string } = {
  preflight: "preflight",
  awaitingApproval: "waits for approval",
  provisioning: "provisioning",
  verifying: "verifying",
  compensating: "compensating",
  done: "done",
};

const changing: { readonly [A in StepAction]: boolean } = {
  create: true,
  adopt: true,
  update: true,
  none: false,
  keep: true,
  delete: true,
  conflict: false,
};

/** Whether a step with the action does anything to what it is about. */
export function isChange(action: StepAction): boolean {
  return changing[action];
}
