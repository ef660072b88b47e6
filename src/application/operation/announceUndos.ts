/** Shows what an operation still has to undo while its undos go on. */
import { defined } from "../../domain/defined.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import { describeCode } from "../../domain/operation/plan.ts";
import { describeReasons, type FailedStep } from "../../domain/operation/reasons.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import { isSameStep, type StepKey } from "../../domain/operation/stepName.ts";
import type { Ports } from "../../ports/index.ts";
import { undoWaits } from "../../telemetry/metrics.ts";
import { amendOperation } from "../amend.ts";
import { undoStep } from "../process/undoStages.ts";

export interface WaitingUndo {
  readonly name: string;
  /** Absent if it only looks again. */
  readonly failure?: { readonly code: string; readonly message: string; readonly step?: FailedStep } | undefined;
}

/** Idempotent. The time since which they wait stays that of the first call. */
export async function recordWaitingUndos(
  { registry }: Pick<Ports, "registry">,
  {
    operation,
    kind,
    undos,
  }: Pick<OperationRecord, "kind"> & { readonly operation: string; readonly undos: readonly WaitingUndo[] },
): Promise<void> {
  const failure = undos.find((undo) => undo.failure)?.failure;
  const why = failure && describeCode(failure.code, await describeReason({ registry }, operation, failure));
  const { change } = await amendOperation(registry, operation, ({ status, stillToUndo }) => {
    if (isFinal(status)) return undefined;
    const since = stillToUndo?.since ?? new Date().toISOString();
    const names = undos.map(({ name }) => name);
    return { stillToUndo: { undos: names, since, ...defined({ error: why }) } };
  });
  if (!change) return;
  for (const { name, failure: own } of undos) {
    // The name of a grant's undo also contains its target, which the metric leaves out.
    undoWaits.add(1, { kind, undo: name.split(" ", 1)[0] ?? name, code: own?.code ?? "WRITE_UNANSWERED" });
  }
}

/** Called by an undo that has failed again: the first of those that wait may wait for something else now. */
export async function recordCause(
  { registry }: Pick<Ports, "registry">,
  operation: string,
  { step, code, message }: { readonly step: StepKey; readonly code: string; readonly message: string },
): Promise<void> {
  await amendOperation(registry, operation, ({ status, request, stillToUndo }) => {
    const [name = ""] = stillToUndo?.undos ?? [];
    const first = undoStep(request, name);
    if (isFinal(status) || !stillToUndo || !first || !isSameStep(first, step)) return undefined;
    if (stillToUndo.error?.code === code) return undefined;
    return { stillToUndo: { ...stillToUndo, error: describeCode(code, message) } };
  });
}

/** Without a step, its message is the reason. */
async function describeReason(
  { registry }: Pick<Ports, "registry">,
  operation: string,
  { step, message }: NonNullable<WaitingUndo["failure"]>,
): Promise<string> {
  return step ? describeReasons([step], await registry.listSteps(operation)) : message;
}
