/** What both clients say of operations. A status or a phase that is missing here does not compile. */
import type { StepDocument } from "../src/domain/documents/operation.ts";
import type { OperationStatus, Phase } from "../src/domain/operation/operation.ts";

const ended: { readonly [S in OperationStatus]: boolean } = {
  NotStarted: false,
  Running: false,
  Succeeded: true,
  Failed: true,
  Canceled: true,
};

export const statuses: readonly string[] = Object.keys(ended);

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

type Step = Pick<StepDocument, "name" | "target">;

export function isSameStep(a: Step, b: Step): boolean {
  return a.name === b.name && a.target === b.target;
}
