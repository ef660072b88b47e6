/** What both clients say of operations. A status or a phase that is missing here does not compile. */
import type { AnySummary, StepDocument } from "../src/domain/documents/operation.ts";
import type { AnyKind } from "../src/domain/operation/batch.ts";
import type { OperationStatus, Phase } from "../src/domain/operation/operation.ts";

const ended: { readonly [S in OperationStatus]: boolean } = {
  NotStarted: false,
  Running: false,
  Succeeded: true,
  Failed: true,
  Canceled: true,
};

export const statuses: readonly string[] = Object.keys(ended);

/** In the order in which people look for them. */
const allKinds: { readonly [K in AnyKind]: true } = {
  onboard: true,
  change: true,
  offboard: true,
  repair: true,
  migrate: true,
  compensate: true,
  batch: true,
};

export const kinds: readonly string[] = Object.keys(allKinds);

export function hasEnded({ status }: { readonly status: OperationStatus }): boolean {
  return ended[status];
}

const phaseWords: { readonly [P in Phase]: string } = {
  preflight: "preflight",
  awaitingApproval: "waits for approval",
  provisioning: "provisioning",
  verifying: "verifying",
  compensating: "compensating",
  done: "done",
};

/** What an offboarding does in the phase of its steps is to remove. */
export function phaseInWords({ kind, phase }: { readonly kind: string; readonly phase: Phase }): string {
  return kind === "offboard" && phase === "provisioning" ? "removing" : (phaseWords[phase] ?? phase);
}

/** For how long people decided whether it may run; 0 for what needed no approval, or has none yet. */
export function waitedMs(operation: AnySummary): number {
  const { requestedTime = "", decision } = (operation.kind === "batch" ? undefined : operation.approval) ?? {};
  return decision ? Math.max(0, Date.parse(decision.time) - Date.parse(requestedTime)) : 0;
}

type Step = Pick<StepDocument, "name" | "target">;

export function isSameStep(a: Step, b: Step): boolean {
  return a.name === b.name && a.target === b.target;
}
