/**
 * How every step runs: its start and end are recorded, so that a status shows it as it happens; its writes wait until it is
 * certain that the operation still wants them; and its errors carry a code from the catalogue.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { withoutAddresses } from "../../domain/errors/addresses.ts";
import { isAuthenticationFailure, mayPass, PermanentError, TransientError } from "../../domain/errors.ts";
import { messageOf } from "../../domain/messageOf.ts";
import type { OperationRecord, StepRecord, Stored } from "../../domain/operation/records.ts";
import { type StepKey, unfinished } from "../../domain/operation/stepName.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import type { Invocation } from "../../durable/activity.ts";
import { delayAfterAttempt, slowDelayOf } from "../../durable/retry.ts";
import type { Ports } from "../../ports/index.ts";
import type { Registry } from "../../ports/registry.ts";
import { runLeavingDropped } from "../../resources/definitions/leftCatalog.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import {
  isUndo,
  type StepContext,
  type StepDefinition,
  type StepInput,
  type StepResult,
} from "../../resources/definitions/step.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { stepRetries } from "../../telemetry/metrics.ts";
import { concerning, inSpan } from "../../telemetry/spans.ts";
import { type Answers, withAnswers } from "../answers.ts";
import {
  commitOperation,
  expectNewestRun,
  expectNotCommitted,
  expectNotEnded,
  expectNotGivenUp,
  expectNotSucceeded,
  expectWanted,
} from "../decisions/cancellation.ts";
import { recordCause } from "../operation/announceUndos.ts";
import { recordStart } from "../operation/recordStart.ts";
import { isBeingUndone } from "../operation/resumption.ts";
import { planOperation } from "../plan/planOperation.ts";
import { isOutward } from "../process/index.ts";
import { closeForward } from "./closeForward.ts";
import { gateWrites } from "./gateWrites.ts";
import { lookAgainAt } from "./lookAgain.ts";
import { runRecalling } from "./recalled.ts";
import { beginTrail, type StepFailure, type StepTrail } from "./stepTrail.ts";

/** The operation's record, if it was already read for this run of the step. */
interface Known {
  readonly record: Stored<OperationRecord> | undefined;
}

export async function runStep<G extends object, O extends StepResult>(
  definition: StepDefinition<G, O>,
  input: StepInput & G,
  ports: Ports,
  invocation: Invocation,
  known?: Known,
): Promise<O> {
  const { name, target } = definition;
  const { operation, cluster, namespace } = input;
  return await concerning({ operation, cluster, namespace, step: name }, () =>
    inSpan(`step ${name}`, { attributes: { "mooring.step.target": target(input) } }, async (span) => {
      const result = await withAnswers(ports, operation, (answers) =>
        tryStep(definition, { input, known, answers }, ports, invocation),
      );
      span.setAttribute("mooring.step.action", result.action);
      return result;
    }),
  );
}

async function tryStep<G extends object, O extends StepResult>(
  definition: StepDefinition<G, O>,
  {
    input,
    known,
    answers,
  }: { readonly input: StepInput & G; readonly known: Known | undefined; readonly answers: Answers },
  ports: Ports,
  invocation: Invocation,
): Promise<O> {
  const { registry } = ports;
  const { name, target, run } = definition;
  const { operation } = input;
  const step: StepKey = { name, target: target(input) };
  const begun = Date.now();
  const traceId = traceIdIn(input);
  const facts = (more: object) => ({ operation, step: name, target: step.target, ...more, traceId });
  const record = known ? Promise.resolve(known.record) : registry.getOperation(operation);
  const trail = beginTrail(ports, step, input, {
    // The row of an undo would stop the steps of the newest run.
    ...(isUndo(input) ? { mayBegin: async () => expectNewestRun(await record, input.restarts) } : {}),
    mayRepeat: async () => expectRepeatable(registry, input, await record),
  });
  const allowed = expectAllowed(registry, input, { record, begun: trail.begun });
  const mayGoOn = Promise.all([trail.started, allowed]);
  mayGoOn.catch(() => undefined);
  let isCommitted = false;
  try {
    const commit = async () => {
      const [, { record: allowedBy }] = await mayGoOn;
      await commitOperation(registry, operation, allowedBy);
      isCommitted = true;
    };
    // One that was given up writes nothing more; where it finds everything removed, it is done.
    const expectUndoing = async () => {
      if (isUndo(input) && input.retrial) expectNotGivenUp(await record);
    };
    const mayWrite = mayGoOn.then(expectUndoing);
    mayWrite.catch(() => undefined);
    const gate = (through: Ports, mayPass: () => Promise<unknown>) =>
      gateWrites(through, mayPass, trail.noteUnanswered);
    const gated = gate(answers.keeping(ports), () => mayWrite);
    const plan = async (facts: OperationFacts) => {
      const looking = planOperation(gated, operation, facts);
      const [found] = await Promise.all([looking, recordStart(gated, { ...input, kind: facts.kind })]);
      answers.planned(found);
      return found;
    };
    // An undo that goes on after the runtime's tries is not waited for here.
    const counted = { ...input, retry: { ...input.retry, undoTimeoutMs: 0 } };
    const isLastTry = async (error: TransientError) => delayAfter(error, counted, await trail.started) === undefined;
    const willDo: typeof trail.willDo = async (...said) => {
      await expectUndoing();
      await trail.willDo(...said);
    };
    const context = { ...trail, willDo, invocation, isLastTry, commit, plan, expectAfresh: async () => undefined };
    // What a step that is under way makes is not there yet: an undo waits for it before it looks.
    if (isUndo(input)) await mayGoOn;
    const runWith = (through: Ports, step: StepContext) =>
      runLeavingDropped(definition, input, through, step, () =>
        run(input, through, step).catch(async (error: unknown) => {
          await expectUndoing();
          throw error;
        }),
      );
    const recall = async () => {
      // While the operation waited for approval, anything may have changed.
      const { decision } = (await record)?.approval ?? {};
      const kept = answers.recalling(ports, decision && Date.parse(decision.time));
      const index = definition.looksElsewhere ? ports.index : undefined;
      const recalling = index ? { ...kept, ports: index.elsewhere(kept.ports), isUsed: () => true } : kept;
      // A further attempt asks for itself.
      const stopping = trail.begun.then(({ before }) => before && recalling.stop());
      stopping.catch(() => undefined);
      const result = await runRecalling(recalling, context, (step) =>
        runWith(
          gate(recalling.ports, async () => {
            await step.expectAfresh();
            await mayWrite;
          }),
          step,
        ),
      );
      const { before } = await trail.begun;
      return recalling.isUsed() && before !== undefined ? undefined : result;
    };
    const mayRecall = definition.provesAll === true || (isOutward(name) && answers.plansNothing(step));
    const recalled = mayRecall && !isUndo(input) ? await recall() : undefined;
    const result = recalled ?? (await runWith(gated, context));
    const [tries, { undoneSteps }] = await mayGoOn;
    const look = { step, retry: input.retry, steps: undoneSteps, tries, isMissed: result.isMissed };
    const waitsUntil = result.waitsUntil ?? (looksAgain(input) ? await lookAgainAt(trail, look) : undefined);
    if (waitsUntil !== undefined) {
      await expectUndoing();
      await trail.pause(waitsUntil);
      return { ...result, waitsUntil };
    }
    const action = await trail.succeed(result.action).catch(async (error: unknown) => {
      if (!isCommitted || isRetried(error, input, await trail.started)) throw error;
      // A committed operation must not be undone because the end of its last step could not be recorded.
      return await keepTrying(() => trail.succeed(result.action)).catch((last: unknown) => {
        invocation.warn(logLine("step end not recorded", facts({ reason: describeFailure(last).message })));
        return result.action;
      });
    });
    invocation.log(logLine("step done", facts({ action, durationMs: Date.now() - begun })));
    return { ...result, action };
  } catch (caught) {
    const error = await unlessEnded(caught, mayGoOn);
    const failure = describeFailure(error);
    const { code } = failure;
    // An unforeseen error is shown without addresses, and logged in full.
    const reason = code === "UNEXPECTED" ? { reason: messageOf(error) } : {};
    invocation.warn(logLine("step failed", facts({ code, ...reason, durationMs: Date.now() - begun })));
    const onLost = (reason: string) => invocation.warn(logLine("step failure not recorded", facts({ reason })));
    const willRetry = await recordFailure(trail, input, { error, failure, onLost });
    if (willRetry && isUndo(input) && input.retrial) {
      const recording = recordCause(ports, operation, { ...failure, step });
      await recording.catch((reason: unknown) => onLost(describeFailure(reason).message));
    }
    if (willRetry) stepRetries.add(1, { step: name, code });
    throw isRecordedAsData(error) ? error : new StepUnfinished(step, code, { cause: error });
  }
}

/**
 * The runtime may deliver a step again when its operation has ended or is being undone. Nothing then comes of it, and its record
 * stays as it ended.
 */
async function expectRepeatable(
  registry: Pick<Registry, "listSteps">,
  input: StepInput,
  record: Stored<OperationRecord> | undefined,
): Promise<void> {
  expectNotEnded(record, input.operation);
  if (!isUndo(input)) await expectNotUndone(registry, record);
}

async function expectNotUndone(
  registry: Pick<Registry, "listSteps">,
  record: OperationRecord | undefined,
): Promise<void> {
  if (!record || !isBeingUndone(record, await registry.listSteps(record.id))) return;
  throw new PermanentError("OPERATION_ENDED", `Operation ${record.id} is being undone and does nothing more.`);
}

interface Allowed {
  readonly record: Stored<OperationRecord> | undefined;
  /** For an undo: the steps of the operation that it undoes. */
  readonly undoneSteps?: readonly StepRecord[];
}

/**
 * An undo may run because its operation was canceled, which must not stop it; a compensation undoes another operation, which must
 * not have succeeded.
 */
async function expectAllowed(
  registry: Pick<Registry, "getOperation" | "listSteps" | "closeSteps">,
  input: StepInput,
  asked: { readonly record: Promise<Stored<OperationRecord> | undefined>; readonly begun: StepTrail["begun"] },
): Promise<Allowed> {
  const { operation } = input;
  const [record, { before }] = await Promise.all([asked.record, asked.begun]);
  if (isUndo(input)) {
    const { createdBy } = input;
    expectNotEnded(record, operation);
    if (createdBy !== operation) {
      expectNotSucceeded(await registry.getOperation(createdBy), createdBy);
      return { record, undoneSteps: looksAgain(input) ? await registry.listSteps(createdBy) : [] };
    }
    if (!record) return { record };
    const undoneSteps = await closeForward(registry, record, { looksAgain: looksAgain(input) });
    // A step that came late, or that it waited for, may have been the last one, which commits and ends the operation.
    const current = await registry.getOperation(operation);
    expectNotEnded(current, operation);
    expectNotCommitted(current, operation);
    // Its row is written: whoever resumes the operation from now on finds it (resumeOperation.ts).
    expectNewestRun(current, input.restarts);
    return { record: current, undoneSteps };
  }
  expectWanted(record, operation);
  // A further attempt has now written its row: either it finds the undo, or the undo finds it running (closeForward.ts).
  if (before) await expectNotUndone(registry, record);
  return { record };
}

/** An undo, or a step of an offboarding; those that 0.1.0 began look once. */
function looksAgain({ retry, ...input }: Pick<StepInput, "retry" | "createdBy" | "looksAgain">): boolean {
  return retry.landingMs !== undefined && (isUndo(input) || input.looksAgain === true);
}

/** What a step met after its operation had ended says nothing about the operation. */
async function unlessEnded(caught: unknown, gate: Promise<unknown>): Promise<unknown> {
  const refusal: unknown = await gate.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return refusal instanceof PermanentError && refusal.code === "OPERATION_ENDED" ? refusal : caught;
}

/** Whether the runtime starts another try after this one; not the orchestration, which waits only for authentication. */
function isRetried(error: unknown, { retry }: StepInput, tries: number): boolean {
  return !isRecordedAsData(error) && delayAfterAttempt(retry, tries) !== undefined;
}

/** For what nothing else records: no attempt follows this one. */
async function keepTrying<T>(write: () => Promise<T>): Promise<T> {
  for (const delayMs of pausesMs) {
    await sleep(delayMs);
    try {
      return await write();
    } catch {
      // Only the reason of the last one is reported.
    }
  }
  return await write();
}

/** Together less than a minute, beyond what the registry's own retries wait. */
const pausesMs = [100, 1_000, 5_000, 15_000, 30_000];

/**
 * Records the failure, and waits if a service asked for longer than the runtime waits by itself. Returns whether the step is
 * tried again.
 */
async function recordFailure(
  trail: StepTrail,
  input: StepInput,
  { error, failure, onLost }: { error: unknown; failure: StepFailure; onLost: (reason: string) => void },
): Promise<boolean> {
  let delayMs = delayAfter(error, input, 1);
  try {
    // What came too late is no try.
    if (failure.code !== "OPERATION_ENDED") delayMs = delayAfter(error, input, await trail.countTries());
    await trail.fail(failure, delayMs);
  } catch (recordError) {
    // The step's own error is the one to report; the orchestration records the outcome again when it ends.
    onLost(describeFailure(recordError).message);
  }
  const askedMs = error instanceof TransientError ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
  if (delayMs !== undefined && askedMs > delayMs) await sleep(Math.min(askedMs - delayMs, maxWaitMs));
  return delayMs !== undefined;
}

/** Until the next try, by the runtime or the orchestration; undefined if there is none. */
function delayAfter(error: unknown, input: StepInput, tries: number): number | undefined {
  const { retry, retrial } = input;
  const goesOn = isUndo(input) && (retry.undoTimeoutMs ?? 0) > 0;
  if (error instanceof PermanentError) return goesOn && mayPass(error.code) ? delayToGoOn(retry, retrial) : undefined;
  // The orchestration does this waiting; if it has done so before, it passed on how long.
  if (isAuthenticationFailure(error)) return retrial ? retrial.nextMs : retry.firstIntervalMs;
  return delayAfterAttempt(retry, tries) ?? (goesOn ? delayToGoOn(retry, retrial) : undefined);
}

/** An undo goes on beyond the runtime's attempts; the orchestration says for how long (durable/persist.ts). */
function delayToGoOn(retry: StepInput["retry"], retrial: StepInput["retrial"]): number | undefined {
  return retrial ? retrial.nextMs : slowDelayOf(retry, 1);
}

/** These errors are recorded in the history as data; for all others, the runtime shows their text in its own spans. */
function isRecordedAsData(error: unknown): boolean {
  return error instanceof PermanentError || isAuthenticationFailure(error);
}

/** A failed try that may be followed by another: carries names and a code, and nothing that a service or a driver said. */
export class StepUnfinished extends Error {
  override readonly name = "StepUnfinished";
  readonly code: StepFailure["code"];
  readonly step: StepKey;

  constructor(step: StepKey, code: StepFailure["code"], options?: ErrorOptions) {
    super(unfinished(step), options);
    this.code = code;
    this.step = step;
  }
}

/** Well below the functionTimeout in host.json. */
const maxWaitMs = 120_000;

export function describeFailure(error: unknown): StepFailure {
  if (error instanceof PermanentError || error instanceof TransientError || error instanceof StepUnfinished) {
    return { code: error.code, message: error.message };
  }
  return { code: "UNEXPECTED", message: withoutAddresses(messageOf(error)) };
}
