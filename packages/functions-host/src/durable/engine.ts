/** Puts the engine together around one store. */
import { join } from "node:path";
import type { FunctionApp } from "../app.ts";
import type { Log } from "../log.ts";
import { createSlots } from "../slots.ts";
import { areKept } from "../traces.ts";
import type { MeetTurn } from "../turnFaults.ts";
import { type ActivitiesOptions, createActivities } from "./activities.ts";
import type { Clock } from "./clock.ts";
import { createDispatcher } from "./dispatcher.ts";
import { explainUnstored } from "./failures.ts";
import { indexFunctions } from "./functions.ts";
import { createGroupCommit, type StoreBroken } from "./groupCommit.ts";
import type { Arrange } from "./inbox.ts";
import { createInstances } from "./instances.ts";
import { createLifecycle } from "./lifecycle.ts";
import { createMailbox } from "./mailbox.ts";
import type { ActivityTask } from "./records.ts";
import type { DurableSettings } from "./settings.ts";
import { createDurableSpans } from "./spans.ts";
import { openDatabase } from "./store/open.ts";
import { createQueries } from "./store/queries.ts";
import { adviceFor } from "./store/sqliteErrors.ts";
import { createStore } from "./store/store.ts";

export interface EngineOptions {
  readonly app: FunctionApp;
  readonly directory: string;
  readonly clientPayload: () => string;
  readonly settings: DurableSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when the store could not be written: this engine acknowledges nothing any more. */
  readonly onBroken?: ((error: StoreBroken) => void) | undefined;
  /** A write that an earlier engine could not store: what decided it fails, instead of deciding it again. */
  readonly refused?: StoreBroken | undefined;
  readonly arrange?: Arrange | undefined;
  readonly meetTurn?: MeetTurn | undefined;
  readonly isStrict?: boolean | undefined;
  /** How many connections the HTTP server has accepted. */
  readonly countConnections?: (() => number) | undefined;
  /** The slots that activities run in. */
  readonly activitySlots?: ActivitiesOptions["createSlots"] | undefined;
  /** How many orchestrations stay in memory. */
  readonly mostInMemory?: number;
}

export type Engine = ReturnType<typeof createEngine>;

export function createEngine(options: EngineOptions) {
  const { app, directory, clientPayload, settings, clock, log, onBroken, arrange, meetTurn, mostInMemory } = options;
  const file = join(directory, `${settings.hubName}.sqlite`);
  const database = openDatabase(file);
  const store = createStore(database);
  const functions = indexFunctions(app);
  const instances = createInstances(store, mostInMemory);
  const spans = createDurableSpans();
  const { countConnections = () => 0 } = options;
  const commit = createGroupCommit(database, {
    countConnections,
    onBroken(error) {
      log.error("durable store broken", { file, error: String(error.cause), advice: adviceFor(error.cause) });
      onBroken?.(error);
    },
  });
  const mailbox = createMailbox({ store, commit, clock, onArrival: (instance) => dispatcher.wake(instance) });
  const shared = { app, functions, settings, clock, spans };
  const activities = createActivities({
    ...shared,
    clientPayload,
    createSlots: options.activitySlots ?? createSlots,
    onDone(task, event) {
      mailbox.deliver(task.instance, task.execution, event);
      commit.add(() => store.deleteTask(task.key));
    },
  });
  const parts = { ...shared, store, instances, commit, mailbox };
  const lifecycle = createLifecycle({ ...parts, runActivity: (task: ActivityTask) => activities.run(task) });
  const dispatcher = createDispatcher({
    ...parts,
    lifecycle,
    log,
    isStrict: options.isStrict,
    countConnections,
    ...(arrange === undefined ? {} : { arrange }),
    ...(meetTurn === undefined ? {} : { meetTurn }),
  });

  // Restored before anything new can arrive, and processed from `start` on.
  for (const message of store.messages()) mailbox.restore(message);
  const tasksLeft = store.tasks().filter(({ instance }) => instance !== options.refused?.author);
  if (options.refused !== undefined) failAuthor(options.refused);
  const queries = createQueries(database);

  function failAuthor({ author, reason }: StoreBroken): void {
    if (author === undefined) return;
    // Their results, perhaps, were refused; they would be the same again.
    commit.add(() => store.deleteTasks(author));
    const instance = instances.load(author);
    if (instance === undefined) return;
    const { id, name } = instance.row;
    log.error("what an orchestration decided could not be stored; it fails", { instanceId: id, name, reason });
    dispatcher.fail(instance, explainUnstored(reason));
  }

  return {
    ...parts,
    file,
    queries,
    lifecycle,
    dispatcher,
    activities,
    start() {
      dispatcher.start();
      for (const task of tasksLeft.splice(0)) {
        // Only spans need the orchestration now; without them it is read when the result arrives.
        const instance = areKept() ? instances.load(task.instance) : undefined;
        if (instance) spans.taskScheduled(task, instance.row, instance.traceParent);
        activities.run(task);
      }
    },
    /** What is in memory: nothing, when nothing is under way. */
    counts: () => ({
      instances: instances.size,
      inboxes: mailbox.size,
      timers: mailbox.timers,
      turns: dispatcher.size,
      awaited: lifecycle.awaited,
      spans: spans.open,
    }),
    /** What does not end in time runs again when the store is next opened. */
    async close(graceMs: number) {
      await within(clock, graceMs, Promise.all([dispatcher.close(), activities.close()]));
      mailbox.close();
      commit.close();
      database.close();
    },
  };
}

/** Resolves when the work ends, and at the latest after so long. */
async function within(clock: Clock, graceMs: number, work: Promise<unknown>): Promise<void> {
  let callOff = () => {};
  const patience = new Promise<void>((resolve) => {
    callOff = clock.after(graceMs, resolve);
  });
  await Promise.race([work, patience]);
  callOff();
}
