import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { federateIdentity } from "../activities/federatedCredential.ts";
import { checkPods, cutOver, takeInventory, verifySideBySide } from "../activities/migration.ts";
import { removePodIdentity } from "../activities/podIdentity.ts";
import { applyServiceAccount } from "../activities/serviceAccount.ts";
import { verify } from "../activities/verification.ts";
import { isCode } from "../domain/errors.ts";
import { further, isPast, Migration, MigrationPhase, migrated, reaches } from "../domain/operation/migration.ts";
import { StepFailed } from "../durable/activity.ts";
import { orchestration } from "../durable/orchestration.ts";
import { CompensationFailed, type OnFailure, runUndos, type Undo } from "../durable/saga.ts";
import type { Durable } from "../durable/step.ts";
import { conclude, OperationInput, type Report, setPhase, stepBase } from "./operation.ts";
import { begunUndos, throwFailure, undoRegistrar } from "./undos.ts";

const MigrateInput = OperationInput.extend({ clientId: z.guid(), migration: Migration });
type MigrateInput = z.infer<typeof MigrateInput>;

/**
 * Moves a namespace from pod identity to workload identity. The identity and its SQL users stay as they are, so nothing
 * has to be granted again. Every phase is a saga of its own: when one fails, what it added is undone, the phases before
 * it stay, and the old way still works. A cancellation undoes them all. Phases that ran before look, find their work done, and change nothing.
 */
export const migrateNamespace = orchestration({
  name: "migrateNamespace",
  input: MigrateInput,
  run: (context, input) => {
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
  },
});

interface Progress {
  completed: MigrationPhase | undefined;
  podsToMove: string[];
}

/** What was found of the namespace as it is at the end, when it was verified in that state. */
function* migrate(
  context: OrchestrationContext,
  input: MigrateInput,
  progress: Progress,
): Durable<Pick<Report, "findings" | "things">> {
  const { request, migration, clientId, retry } = input;
  const { serviceAccount } = migration;
  const { adoptionPolicy } = request;
  const base = stepBase(input);
  const undoInput = { ...input, migrating: { clientId, migration } };
  const undoLater = undoRegistrar("migrate", undoInput);
  const look = { ...base, request, migration, clientId };
  const identity = { clientId };
  let seen: Pick<Report, "findings" | "things"> = {};

  const phases: Record<MigrationPhase, (onFailure: OnFailure) => Durable<void>> = {
    *inventory() {
      setPhase(context, "preflight");
      progress.podsToMove = (yield* takeInventory(look, retry)).pods;
    },
    // The account first: a credential for an account that does not exist is an open door for who makes it.
    *sideBySide(onFailure) {
      setPhase(context, "provisioning");
      undoLater(onFailure, { step: "applyServiceAccount" });
      yield* applyServiceAccount({ ...base, serviceAccount, adoptionPolicy, identity }, retry);
      undoLater(onFailure, { step: "federateIdentity" });
      yield* federateIdentity({ ...base, serviceAccount, isLast: migration.until === "sideBySide" }, retry);
    },
    *verify() {
      setPhase(context, "verifying");
      const { findings } = yield* verifySideBySide(look, retry);
      seen = { findings };
    },
    *cutOver(onFailure) {
      setPhase(context, "provisioning");
      undoLater(onFailure, { step: "cutOver" });
      yield* cutOver({ ...base, request, migration }, retry);
    },
    *retire(onFailure) {
      yield* checkPods({ ...base, migration }, retry);
      undoLater(onFailure, { step: "removePodIdentity" });
      yield* removePodIdentity(base, retry);
    },
  };
  const before = input.resumed?.migration;
  const earlier = begunUndos(undoInput, before?.undos);
  let open = begunUndos(undoInput, input.resumed?.undos);
  /** Undoes what the phase added or, when the operation was canceled, what all of its phases did. */
  function* inSaga(phase: (onFailure: OnFailure) => Durable<void>): Durable<void> {
    const own: Undo[] = [];
    const register: OnFailure = (name, undo) => {
      // Of a phase that an earlier run has completed: what came after it rests on it.
      if (earlier.some((each) => each.name === name)) return;
      open = open.filter((each) => each.name !== name);
      own.push({ name, undo });
    };
    try {
      yield* phase(register);
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
    const { findings, things } = yield* verify({ ...base, request: target, identity }, retry);
    seen = { findings, ...(things ? { things } : {}) };
  });
  return seen;
}
