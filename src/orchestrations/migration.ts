/** A migration between identity modes: the order of the phases, what is undone when, and what they wait for. */

import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { perform, performStep, type Work } from "../activities/steps.ts";
import { checkPods } from "../application/process/checkPods.ts";
import { type Stage, type StageName, stagesOf } from "../application/process/programs.ts";
import { takeInventory } from "../application/process/takeInventory.ts";
import { verify } from "../application/process/verify.ts";
import { verifySideBySide } from "../application/process/verifySideBySide.ts";
import { defined } from "../domain/defined.ts";
import { isCode } from "../domain/errors.ts";
import { ClientId } from "../domain/naming/identityPair.ts";
import { further, isPast, Migration, MigrationPhase } from "../domain/operation/migration.ts";
import type { Phase } from "../domain/operation/operation.ts";
import type { Outcome } from "../domain/operation/outcome.ts";
import { decisionEvent } from "../domain/operation/wakingEvents.ts";
import { StepFailed } from "../durable/activity.ts";
import { orchestration } from "../durable/orchestration.ts";
import { CompensationFailed, type OnFailure, runUndos } from "../durable/saga.ts";
import type { Durable } from "../durable/step.ts";
import type { Undo } from "../durable/undo.ts";
import { timeAfter, waitForEvent } from "../durable/waiting.ts";
import { conclude, OperationInput, type Report, setPhase, workOf } from "./operation.ts";
import { persistenceOf } from "./persistence.ts";
import { throwFailure, undoLater, undosNamed } from "./undos.ts";

const MigrateInput = OperationInput.extend({
  clientId: ClientId,
  migration: Migration,
  /** How long the last phase waits for pods. Absent if it does not wait, and in operations that 0.1.0 began. */
  waitForPodsMinutes: z.number().positive().optional(),
});
type MigrateInput = z.infer<typeof MigrateInput>;

/**
 * The identity and its SQL users stay as they are, so nothing has to be granted again. Every phase is a separate saga: if one
 * fails, what it added is undone, earlier phases stay, and the namespace's current mode still works. A cancellation undoes all
 * phases. Phases that ran before look, find their work done, and change nothing.
 */
function runMigration(context: OrchestrationContext, input: MigrateInput): Durable<Outcome> {
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
      const seen = yield* migrate(context, input, progress);
      return { ...reached(), ...seen };
    },
    reached,
  );
}

interface Progress {
  completed: MigrationPhase | undefined;
  podsToMove: string[];
}

/** Returns what was found in the namespace if it was verified in its final state. */
function* migrate(
  context: OrchestrationContext,
  input: MigrateInput,
  progress: Progress,
): Durable<Pick<Report, "findings" | "things">> {
  const { migration, clientId } = input;
  const work = workOf(input, "migrate", { migration, clientId });
  const stages = stagesOf(work.operation);
  let seen: Pick<Report, "findings" | "things"> = {};

  /** The undo of each step is registered before it runs. */
  function* run({ name, steps, isUndone }: Stage, onFailure: OnFailure): Durable<void> {
    setPhase(context, phaseOf[name] ?? "provisioning");
    for (const step of steps) {
      if (isUndone) undoLater(onFailure, [step], work);
      switch (step.name) {
        case "takeInventory":
          progress.podsToMove = (yield* perform(takeInventory, work)).pods;
          break;
        case "verifySideBySide":
          seen = { findings: (yield* perform(verifySideBySide, work)).findings };
          break;
        case "verify": {
          const { findings, things } = yield* perform(verify, work);
          seen = { findings, ...defined({ things }) };
          break;
        }
        case "checkPods":
          yield* awaitPods(context, input, work);
          break;
        default:
          yield* performStep(step, work);
      }
    }
  }
  const before = input.resumed?.migration;
  const earlier = undosNamed(before?.undos, work);
  let open = undosNamed(input.resumed?.undos, work);
  /** If the phase fails, undoes what it added; if the operation was canceled, what all of its phases did. */
  function* inSaga(stage: Stage): Durable<void> {
    const own: Undo[] = [];
    const onFailure: OnFailure = (name, undo) => {
      // The undo of a phase that an earlier run completed: later phases build on it, so it keeps its place.
      if (earlier.some((each) => each.name === name)) return;
      open = open.filter((each) => each.name !== name);
      own.push({ name, undo });
    };
    try {
      throwFailure(input);
      yield* run(stage, onFailure);
    } catch (cause) {
      const isCanceled = cause instanceof StepFailed && isCode(cause.code, "OPERATION_CANCELED");
      const undos = isCanceled ? [...earlier, ...open, ...own] : [...open, ...own];
      if (undos.length > 0) setPhase(context, "compensating");
      const failures = yield* runUndos(undos.toReversed(), persistenceOf(context, { ...input, kind: "migrate" }));
      // Even if an undo failed: the completed phases are no longer whole, and a compensation undoes the rest.
      if (isCanceled) progress.completed = migration.completed;
      if (failures.length > 0) throw new CompensationFailed(failures, cause);
      throw cause;
    }
    earlier.push(...own);
  }

  for (const stage of stages) {
    const { data: phase } = MigrationPhase.safeParse(stage.name);
    if (phase && before && !isPast(phase, before.from)) continue;
    yield* inSaga(stage);
    if (phase) progress.completed = further(progress.completed, phase);
  }
  return isPast(progress.completed, "cutOver") ? seen : {};
}

const phaseOf: { readonly [name in StageName]?: Phase } = {
  inventory: "preflight",
  verify: "verifying",
  prove: "verifying",
};

const minuteMs = 60_000;
const firstPauseMs = 5_000;
/** The pauses grow, and the number of looks is limited, so that the history does not grow without bound. */
const growth = 1.5;
const mostLooks = 120;

/** Waits until no pod uses the mode that is being removed, or until the time is over. A cancel wakes it. */
function* awaitPods(context: OrchestrationContext, { waitForPodsMinutes }: MigrateInput, work: Work): Durable<void> {
  if (waitForPodsMinutes === undefined) {
    yield* perform(checkPods, work);
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
    const { waitsUntil } = yield* perform(checkPods, work, leftMs > 0 && !isOver ? { next } : {});
    if (waitsUntil === undefined) return;
    const isWoken = yield* waitForEvent(context, decisionEvent, next);
    // The clock alone is not enough: a timer may fire slightly early.
    isOver = !isWoken && pauseMs >= leftMs;
  }
}

/** Moves a namespace to workload identity. */
export const migrateNamespace = orchestration({ name: "migrateNamespace", input: MigrateInput, run: runMigration });

/**
 * Moves a namespace to another identity mode. It is a separate orchestration, so that an older release, which knows only the way from pod
 * identity to workload identity, does not mistake it for that. Its name is from the time when it only went back.
 */
export const migrateBack = orchestration({ name: "migrateBack", input: MigrateInput, run: runMigration });
