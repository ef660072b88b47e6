/** What the two ways of a migration have in common: the order of its phases, what is undone when, and what it waits for. */
import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { checkPods, cutOver, takeInventory, verifySideBySide } from "../activities/migration.ts";
import { verify } from "../activities/verification.ts";
import { isCode } from "../domain/errors.ts";
import { further, isPast, Migration, MigrationPhase, migrated, reaches } from "../domain/operation/migration.ts";
import type { Outcome } from "../domain/operation/outcome.ts";
import type { StepName } from "../domain/operation/stepName.ts";
import { StepFailed } from "../durable/activity.ts";
import { CompensationFailed, type OnFailure, runUndos, type Undo } from "../durable/saga.ts";
import type { Durable } from "../durable/step.ts";
import { timeAfter, waitForEvent } from "../durable/waiting.ts";
import { decisionEvent } from "./approval.ts";
import { conclude, OperationInput, type Report, setPhase, stepBase } from "./operation.ts";
import { begunUndos, throwFailure, undoRegistrar } from "./undos.ts";

export const MigrateInput = OperationInput.extend({
  clientId: z.guid(),
  migration: Migration,
  /** How long the last phase waits for pods. Absent where it does not, and in what 0.1.0 began. */
  waitForPodsMinutes: z.number().positive().optional(),
});
export type MigrateInput = z.infer<typeof MigrateInput>;

type Phase = (onFailure: OnFailure) => Durable<void>;

/** What differs by the way that a migration goes: what it adds, and what it takes away once no pod uses that any more. */
export interface Direction {
  readonly sideBySide: Phase;
  readonly retire: Phase;
}

export interface DirectionParts {
  readonly base: ReturnType<typeof stepBase>;
  readonly undoLater: (onFailure: OnFailure, step: StepName) => void;
}

/**
 * The identity and its SQL users stay as they are, so nothing has to be granted again. Every phase is a saga of its own: when
 * one fails, what it added is undone, the phases before it stay, and the way that the namespace has still works. A cancellation
 * undoes them all. Phases that ran before look, find their work done, and change nothing.
 */
export function runMigration(
  context: OrchestrationContext,
  input: MigrateInput,
  wayOf: (parts: DirectionParts) => Direction,
): Durable<Outcome> {
  const { migration, clientId, resumed } = input;
  const progress: Progress = { completed: resumed?.migration?.completed ?? migration.completed, podsToMove: [] };
  const reached = () => ({
    clientId,
    migration: { completed: progress.completed, podsToMove: progress.podsToMove },
  });
  return conclude(
    context,
    { ...input, kind: "migrate" },
    function* () {
      const seen = yield* migrate(context, input, { progress, wayOf });
      return { ...reached(), ...seen };
    },
    reached,
  );
}

interface Progress {
  completed: MigrationPhase | undefined;
  podsToMove: string[];
}

/** What was found of the namespace as it is at the end, when it was verified in that state. */
function* migrate(
  context: OrchestrationContext,
  input: MigrateInput,
  { progress, wayOf }: { progress: Progress; wayOf: (parts: DirectionParts) => Direction },
): Durable<Pick<Report, "findings" | "things">> {
  const { request, migration, clientId, retry } = input;
  const base = stepBase(input);
  const undoInput = { ...input, migrating: { clientId, migration } };
  const register = undoRegistrar("migrate", undoInput);
  const way = wayOf({ base, undoLater: (onFailure, step) => register(onFailure, { step }) });
  const look = { ...base, request, migration, clientId };
  let seen: Pick<Report, "findings" | "things"> = {};

  const phases: Record<MigrationPhase, Phase> = {
    *inventory() {
      setPhase(context, "preflight");
      progress.podsToMove = (yield* takeInventory(look, retry)).pods;
    },
    *sideBySide(onFailure) {
      setPhase(context, "provisioning");
      yield* way.sideBySide(onFailure);
    },
    *verify() {
      setPhase(context, "verifying");
      const { findings } = yield* verifySideBySide(look, retry);
      seen = { findings };
    },
    *cutOver(onFailure) {
      setPhase(context, "provisioning");
      register(onFailure, { step: "cutOver" });
      yield* cutOver({ ...base, request, migration }, retry);
    },
    *retire(onFailure) {
      yield* awaitPods(context, input);
      yield* way.retire(onFailure);
    },
  };
  const before = input.resumed?.migration;
  const earlier = begunUndos(undoInput, before?.undos);
  let open = begunUndos(undoInput, input.resumed?.undos);
  /** Undoes what the phase added or, when the operation was canceled, what all of its phases did. */
  function* inSaga(phase: Phase): Durable<void> {
    const own: Undo[] = [];
    const onFailure: OnFailure = (name, undo) => {
      // Of a phase that an earlier run has completed: what came after it rests on it.
      if (earlier.some((each) => each.name === name)) return;
      open = open.filter((each) => each.name !== name);
      own.push({ name, undo });
    };
    try {
      yield* phase(onFailure);
    } catch (cause) {
      const isCanceled = cause instanceof StepFailed && isCode(cause.code, "OPERATION_CANCELED");
      const undos = isCanceled ? [...earlier, ...open, ...own] : [...open, ...own];
      if (undos.length > 0) setPhase(context, "compensating");
      const failures = yield* runUndos(undos.toReversed());
      // Also when an undo failed: of what was complete by then there is less now, and a compensation takes the rest back.
      if (isCanceled) progress.completed = migration.completed;
      if (failures.length > 0) throw new CompensationFailed(failures, cause);
      throw cause;
    }
    earlier.push(...own);
  }

  const runs = (phase: MigrationPhase) => reaches(phase, migration) && (!before || isPast(phase, before.from));
  for (const phase of MigrationPhase.options.filter(runs)) {
    yield* inSaga(function* (onFailure) {
      throwFailure(input);
      yield* phases[phase](onFailure);
    });
    progress.completed = further(progress.completed, phase);
  }
  if (!reaches("retire", migration)) return isPast(progress.completed, "cutOver") ? seen : {};

  const target = migrated(request, migration);
  yield* inSaga(function* () {
    setPhase(context, "verifying");
    const { findings, things } = yield* verify({ ...base, request: target, identity: { clientId } }, retry);
    seen = { findings, ...(things ? { things } : {}) };
  });
  return seen;
}

const minuteMs = 60_000;
const firstPauseMs = 5_000;
/** The longer it has waited the later it looks again, and so often at most: a history must not grow without end. */
const growth = 1.5;
const mostLooks = 120;

/** Until no pod uses the way that is left, or the time is over; a cancel wakes it. */
function* awaitPods(context: OrchestrationContext, input: MigrateInput): Durable<void> {
  const { migration, retry, waitForPodsMinutes } = input;
  const look = { ...stepBase(input), migration };
  if (waitForPodsMinutes === undefined) {
    yield* checkPods(look, retry);
    return;
  }
  const waitMs = waitForPodsMinutes * minuteMs;
  const now = () => context.df.currentUtcDateTime.getTime();
  const end = now() + waitMs;
  const longestPauseMs = Math.max(minuteMs, waitMs / mostLooks);
  let isOver = false;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * growth, longestPauseMs)) {
    const leftMs = end - now();
    const next = timeAfter(context, Math.min(pauseMs, leftMs));
    const { waitsUntil } = yield* checkPods(leftMs > 0 && !isOver ? { ...look, next } : look, retry);
    if (waitsUntil === undefined) return;
    const isWoken = yield* waitForEvent(context, decisionEvent, next);
    // Not by the clock alone: a timer may wake the orchestration a little before its time.
    isOver = !isWoken && pauseMs >= leftMs;
  }
}
