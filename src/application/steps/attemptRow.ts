/** The row of a step in the registry, as one attempt writes it. */
import { type PermanentCode, PermanentError, type TransientCode } from "../../domain/errors.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { StepRecord } from "../../domain/operation/records.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { Registry } from "../../ports/registry.ts";
import { isUndo, type StepInput } from "../../resources/definitions/step.ts";
import { isAttemptOpen } from "../operation/landing.ts";

export interface BegunStep {
  /** Including this one. */
  readonly attempts: number;
  /** Undefined if this attempt wrote the row. Status NotStarted: an undo had closed the step. */
  readonly before?: StepRecord;
}

export interface Gates {
  /** Awaited before the start is written, if it is there. */
  readonly mayBegin?: () => Promise<unknown>;
  /** The same for a further try. */
  readonly mayRepeat: () => Promise<unknown>;
}

type Changes = Parameters<Registry["updateStep"]>[2];

export class AttemptRow {
  readonly #startTime = now();
  readonly #registry: Registry;
  readonly #input: StepInput;
  readonly #step: StepKey;
  #isUnanswered = false;

  constructor(registry: Registry, input: StepInput, step: StepKey) {
    this.#registry = registry;
    this.#input = input;
    this.#step = step;
  }

  async begin({ mayBegin, mayRepeat }: Gates): Promise<BegunStep> {
    const { operation } = this.#input;
    if (mayBegin) await mayBegin();
    const before = await this.#registry.startStep(operation, this.#step, this.#startTime);
    if (!before) return { attempts: 1 };
    await mayRepeat().catch(async (error: unknown) => {
      if (error instanceof PermanentError && before.status === "NotStarted") await this.cancel(error);
      throw error;
    });
    const attempts = before.attempts + 1;
    const unanswered = isSuperseding(before) ? { unansweredTime: now() } : {};
    await this.#registry.repeatStep(operation, this.#step, attempts, unanswered);
    return { attempts, before: { ...before, ...unanswered } };
  }

  read(): Promise<StepRecord | undefined> {
    return this.#registry.getStep(this.#input.operation, this.#step);
  }

  update(changes: Changes): Promise<void> {
    return this.#registry.updateStep(this.#input.operation, this.#step, changes);
  }

  /** The same, and that the attempt is over. */
  end(changes: Changes): Promise<void> {
    return this.update({ ...changes, isOpen: false, ...(this.#isUnanswered ? { unansweredTime: now() } : {}) });
  }

  noteUnanswered(): void {
    this.#isUnanswered = true;
  }

  /** Shows that this try came too late and has done nothing; of an undo, the operation says so (operation/endedSteps.ts). */
  async cancel({ code, message }: { code: PermanentCode | TransientCode; message: string }): Promise<void> {
    if (isUndo(this.#input)) return;
    await this.end({ status: "Canceled", error: toOperationError(code, message), endTime: now() });
  }
}

/** Whether the attempt before has died, or runs beside this one: nobody hears the answers that it waits for. */
export function isSuperseding(before: StepRecord): boolean {
  return before.status !== "NotStarted" && isAttemptOpen(before);
}

export function now(): string {
  return new Date().toISOString();
}
