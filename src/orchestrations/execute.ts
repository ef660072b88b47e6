/** Executes the stages of a program (application/process/programs.ts). */
import type { OrchestrationContext } from "durable-functions";
import { handOver } from "../activities/operation.ts";
import { perform, performPreparation, performStep, performTogether, type Work } from "../activities/steps.ts";
import { verifyAndConclude } from "../activities/verifyAndConclude.ts";
import { checkDependants } from "../application/process/checkDependants.ts";
import type { Stage } from "../application/process/programs.ts";
import { verify } from "../application/process/verify.ts";
import { defined } from "../domain/defined.ts";
import type { StepKey } from "../domain/operation/stepName.ts";
import { decisionEvent } from "../domain/operation/wakingEvents.ts";
import { StepFailed } from "../durable/activity.ts";
import { waitsUntil } from "../durable/persist.ts";
import type { OnFailure } from "../durable/saga.ts";
import { all, type Durable } from "../durable/step.ts";
import { waitForEvent } from "../durable/waiting.ts";
import { type OperationInput, type Report, setPhase, stepBase } from "./operation.ts";
import { undoLater } from "./undos.ts";

interface Execution {
  readonly input: OperationInput;
  readonly work: Work;
  /** Those after the first look. */
  readonly stages: readonly Stage[];
  /** Others follow; otherwise the proof records the end, too. */
  readonly isFollowed?: boolean;
  /** Gets the undos of a stage before its first step. */
  readonly onFailure?: OnFailure;
  /** Called before each stage. */
  readonly onStage?: (stage: Stage) => void;
}

export function* execute(
  context: OrchestrationContext,
  { input, work, stages, isFollowed = false, onFailure, onStage }: Execution,
): Durable<Report> {
  const { retry } = input;
  let known = work;
  let report: Report = {};
  const waiting: Waiting[] = [];
  for (const stage of stages) {
    const { name, steps } = stage;
    onStage?.(stage);
    setPhase(context, name === "prove" ? "verifying" : "provisioning");
    if (onFailure && stage.isUndone) undoLater(onFailure, steps, known);
    switch (name) {
      case "prepare": {
        const [identity, { uid }] = yield* performPreparation(steps, known);
        known = { ...work, operation: { ...work.operation, identity } };
        report = { clientId: identity.clientId, ...defined({ namespaceUid: uid }) };
        break;
      }
      case "lookAgain":
        yield* lookAgain(context, waiting, known);
        yield* perform(checkDependants, known, { endsFirst: false });
        break;
      case "prove":
        yield* lookAgain(context, waiting, known);
        if (work.operation.kind === "offboard") yield* runStage(context, stage, known);
        else report = { ...report, ...(yield* prove(input, known, { report, isFollowed })) };
        break;
      default:
        waiting.push(...(yield* runStage(context, stage, known)));
    }
    if (name === "takeAway" && work.operation.program === "takeOver") yield* handOver(stepBase(input), retry);
  }
  return report;
}

interface Waiting {
  readonly step: StepKey;
  until: string | undefined;
}

/** Returns the steps that have to look again. */
function* runStage(context: OrchestrationContext, { steps, together }: Stage, work: Work): Durable<Waiting[]> {
  if (!together) {
    const ended: Waiting[] = [];
    for (const step of steps) ended.push({ step, until: waitsUntil(yield* performStep(step, work)) });
    return ended;
  }
  const results = yield* all(context, performTogether(steps, work));
  return steps.map((step, index) => ({ step, until: waitsUntil(results[index]) }));
}

/** Until none of them has to. A cancel wakes them. */
function* lookAgain(context: OrchestrationContext, waiting: Waiting[], work: Work): Durable<void> {
  let open = waiting.splice(0);
  for (;;) {
    open = open.filter(({ until }) => until !== undefined);
    const next = open.map(({ until = "" }) => until).toSorted()[0];
    if (next === undefined) return;
    const isWoken = yield* waitForEvent(context, decisionEvent, next);
    for (const each of open) {
      if (isWoken || (each.until ?? "") <= next) each.until = waitsUntil(yield* performStep(each.step, work));
    }
  }
}

/** Recording the end, too, is one message to the runtime instead of two. */
function* prove(
  { retry }: OperationInput,
  { base, operation }: Work,
  { report: { namespaceUid }, isFollowed }: { readonly report: Report; readonly isFollowed: boolean },
): Durable<Report> {
  if (isFollowed) {
    const { findings, things } = yield* perform(verify, { base, operation });
    return { findings, ...defined({ things }) };
  }
  const proof = { ...base, ...verify.from(operation, ""), kind: operation.kind, namespaceUid };
  try {
    return yield* verifyAndConclude(proof, retry);
  } catch (error) {
    // Access that has ended stays so: what cannot be read after all attempts becomes a finding.
    if (operation.program !== "endAccess" || !(error instanceof StepFailed)) throw error;
    return yield* verifyAndConclude({ ...proof, findsUnread: true }, retry);
  }
}
