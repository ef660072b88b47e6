/** What one try of a step leaves behind: its row in the registry, for the status, and its effect in the audit trail. */
import type { PermanentCode, TransientCode } from "../../domain/errors.ts";
import { isFinal, type StepAction } from "../../domain/operation/operation.ts";
import { type Difference, toOperationError } from "../../domain/operation/plan.ts";
import type { StepRecord } from "../../domain/operation/records.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { shorten } from "../../domain/watching/audit.ts";
import type { Failure } from "../../durable/failure.ts";
import type { Ports } from "../../ports/index.ts";
import type { StepContext, StepInput } from "../../resources/definitions/step.ts";
import { appendEffect, type Effect } from "../watching/audit.ts";
import { AttemptRow, type BegunStep, type Gates, isSuperseding, now } from "./attemptRow.ts";

/** A failure with a code from the catalogue of errors. */
export type StepFailure = Failure & { readonly code: PermanentCode | TransientCode };

export interface StepTrail extends Pick<StepContext, "notice" | "willDo" | "earlier"> {
  /** How many tries there have been, including this one; rejects when the start could not, or may not, be written. */
  readonly started: Promise<number>;
  /** The same, with the step's row as it was before. */
  readonly begun: Promise<BegunStep>;
  /** The same, but if the start could not be written, it is written once more. */
  countTries(): Promise<number>;
  /** Records the end, and returns what the step did over all of its tries. */
  succeed(action: StepAction): Promise<StepAction>;
  /** Called when a write got no answer: the row says so from the end of this attempt on. */
  noteUnanswered(): void;
  /** Records that the step waits, and until when; its notices say what for. */
  pause(nextRetryTime: string): Promise<void>;
  /** Records a failure; `delayMs` until the next try, if there is one. */
  fail(failure: StepFailure, delayMs: number | undefined): Promise<void>;
}

/** Writes the start without waiting for it: the first look at the world runs at the same time. */
export function beginTrail(ports: Ports, step: StepKey, input: StepInput, gates: Gates): StepTrail {
  const row = new AttemptRow(ports.registry, input, step);
  const starting = row.begin(gates);
  starting.catch(() => undefined);
  const started = starting.then(({ attempts }) => attempts);
  started.catch(() => undefined);
  let intended: Effect | undefined;

  async function appendFailure(code: string): Promise<void> {
    const effect = intended ?? (await row.read());
    if (effect?.action === undefined) return;
    const { action, differences = [] } = effect;
    await appendEffect(ports, input, { step, action, differences, outcome: "Failed", code });
  }

  /** What `cancel` shows, unless the step had begun before. */
  async function refuse(failure: StepFailure): Promise<void> {
    const begun = await starting.catch(() => undefined);
    if (!begun) return;
    const { before } = begun;
    if (before && isFinal(before.status)) await row.end({ status: before.status });
    else if (before?.status !== "Running") await row.cancel(failure);
  }

  const earlier: StepTrail["earlier"] = async () => ((await started) > 1 ? await row.read() : undefined);

  return {
    started,
    begun: starting,
    earlier,
    noteUnanswered: () => row.noteUnanswered(),
    countTries: () => started.catch(async () => (await row.begin(gates)).attempts),
    async notice(notices) {
      await started;
      await row.update({ notices });
    },
    async willDo(action, differences = [], { isMarked = false } = {}) {
      intended = { action, differences: shorten(differences) };
      const { before } = await starting;
      // What an earlier attempt meant to do is not what the mark will say.
      if (isMarked && before?.action === undefined) return;
      intended = { action, differences: withRemoved(before, action, intended.differences) };
      await row.update(intended);
    },
    async succeed(result) {
      await started;
      const before = intended === undefined ? await earlier() : undefined;
      const action = before?.action ?? result;
      const differences = intended?.differences ?? before?.differences ?? [];
      // In parallel, so that the audit trail costs no more than the longer of the two.
      await Promise.all([
        row.end({ status: "Succeeded", action, differences, endTime: now() }),
        appendEffect(ports, input, { step, action, differences, outcome: "Succeeded" }),
      ]);
      return action;
    },
    async pause(nextRetryTime) {
      // The next look finds what this one has made, and nothing left to do. An attempt that runs beside this one may end the step
      // without a next look: then nobody else records what this one did.
      const { before } = await starting;
      await Promise.all([
        row.end({ nextRetryTime, ...intended }),
        intended && before && isSuperseding(before)
          ? appendEffect(ports, input, { step, ...intended, outcome: "Succeeded" })
          : undefined,
      ]);
    },
    async fail({ code, message }, delayMs) {
      if (code === "OPERATION_ENDED") return await refuse({ code, message });
      const isOver = delayMs === undefined;
      await Promise.all([
        row.end({
          status: isOver ? "Failed" : "Running",
          error: toOperationError(code, message),
          ...(isOver ? { endTime: now() } : { nextRetryTime: new Date(Date.now() + delayMs).toISOString() }),
        }),
        // This try or an earlier one may have had part of its effect, or all of it without knowing.
        isOver && code !== "OPERATION_CANCELED" && appendFailure(code),
      ]);
    },
  };
}

/** A removal that looks again finds less: what an earlier try has removed is still what the step has done. */
function withRemoved(before: StepRecord | undefined, action: StepAction, found: readonly Difference[]): Difference[] {
  if (action !== "delete" || before?.action !== "delete") return [...found];
  const { differences: removed = [] } = before;
  const isFound = ({ field, current }: Difference) =>
    found.some((each) => each.field === field && each.current === current);
  return [...removed.filter((each) => !isFound(each)), ...found];
}
