/**
 * A host for batches in a simulated world: all started orchestrations and their children run at the same time, and a timer
 * fires when everything else waits. Lanes and batches may break off permanently.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { DurableClient } from "durable-functions";
import type { AcceptanceContext } from "../../../src/application/acceptance/acceptance.ts";
import { passOn } from "../../../src/application/batch/acceptBatch.ts";
import { cancelBatch } from "../../../src/application/decisions/cancelBatch.ts";
import { cancelOperation, decideApproval } from "../../../src/application/decisions/decide.ts";
import { wake } from "../../../src/application/decisions/wake.ts";
import { reconcileBatches } from "../../../src/application/recovery/reconcileBatches.ts";
import { recoverOperation } from "../../../src/application/recovery/recoverOperation.ts";
import type { NamespaceRef } from "../../../src/domain/naming/names.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { type ChildRun, type Run, type RunOptions, runOrchestration } from "../../support/durableRunner.ts";
import { inVirtualTime } from "../../support/virtualTime.ts";
import { approver } from "./callers.ts";
import { breakable, lossy } from "./engine.ts";
import { type Call, calm, died } from "./faults.ts";
import type { Problem } from "./invariants.ts";
import { type Control, calmly, deliver, expectFault, longAgo, mortal, mostRests, traceparent } from "./operate.ts";
import type { World } from "./world.ts";

/** An operation while it runs. */
export interface Watched {
  readonly id: string;
  readonly namespaceRef: NamespaceRef;
  /** Its batch had been canceled, and the cancel passed on, before it began. */
  readonly isTooLate: boolean;
}

export interface Watcher {
  begins(watched: Watched): void;
  ends(id: string): void;
}

interface Instance {
  readonly events: { name: string; data: unknown }[];
  run?: Pick<Run, "status" | "output">;
  phase?: unknown;
}

export interface BatchHost {
  acceptanceContextOf(by: AcceptanceContext["by"]): (call: Call) => AcceptanceContext;
  /** Runs `work`, during which the timer starts nothing, since `work` may start it itself. */
  accept<T>(work: () => Promise<T>): Promise<T>;
  /** Runs until no instance runs and no namespace is held. */
  runToEnd(): Promise<void>;
  readonly problems: readonly Problem[];
  readonly seen: readonly string[];
}

/** Timer ticks until the faults stop, and until waiting any longer is pointless. */
const clearing = 5;
const longest = 40;
/** Far enough ahead for a batch that broke off during acceptance to be given up. */
const anHourMs = 3_600_000;

export function createBatchHost(world: World, control: Control, watcher: Watcher): BatchHost {
  const { dice, faults, portsOf, turnsAgain } = world;
  const { instead = {}, spoil = (ports: Ports) => ports } = control;
  const instances = new Map<string, Instance>();
  const problems: Problem[] = [];
  const seen: string[] = [];
  const canceled = new Set<string>();
  /** How many tasks are working rather than waiting. */
  let busy = 0;
  let accepting = 0;
  /** Activities of its orchestrations may still come late, and nobody decides or starts anything with them. */
  let isOver = false;
  let tick = Promise.withResolvers<void>();
  const lanesBreak = dice.pick([0, 0, 0.05, 0.2]);
  const batchesBreak = dice.pick([0, 0, 0.2]);
  /** The activities during which somebody decides about a batch or one of its operations. */
  const decisions = Array.from({ length: dice.pick([0, 0, 1, 2]) }, () => dice.roll(120));
  let activities = 0;
  let pauses = 0;

  const acceptance = (call: Call, by: AcceptanceContext["by"]): AcceptanceContext => ({
    ports: spoil(portsOf(call)),
    client: createClient(call),
    by,
    warn: (message) => void faults.trace?.push(`  warning: ${message}`),
    traceparent,
  });

  /** Not counted as busy while it waits, so that others proceed. */
  async function waiting<T>(work: Promise<T>): Promise<T> {
    busy -= 1;
    try {
      return await work;
    } finally {
      busy += 1;
    }
  }

  async function working<T>(work: () => Promise<T>): Promise<T> {
    busy += 1;
    try {
      return await work();
    } finally {
      busy -= 1;
    }
  }

  function createClient(call: Call): DurableClient {
    const client: Pick<DurableClient, "startNew" | "getStatus" | "raiseEvent"> = {
      startNew: (name, options) =>
        call("tables", "start instance", () => {
          const id = options?.instanceId ?? "";
          const known = instances.get(id);
          // An ended instance is replaced, as in the extension.
          if (!known || known.run) {
            launch(id, { name, input: options?.input }).catch(() => undefined);
          }
          return id;
        }),
      getStatus: (id) =>
        call("tables", "get instance", () => {
          const instance = instances.get(id);
          if (!instance) throw new Error("The operation failed with HTTP 404");
          return {
            instanceId: id,
            runtimeStatus: instance.run?.status ?? "Running",
            output: instance.run?.output,
            customStatus: instance.phase,
            lastUpdatedTime: longAgo,
          } as Awaited<ReturnType<DurableClient["getStatus"]>>;
        }),
      raiseEvent: (id, name, data) =>
        call("tables", "raise event", () => void instances.get(id)?.events.push({ name, data: data ?? null })),
    };
    return client as DurableClient;
  }

  /** Runs an instance to its end. One that broke off counts as failed. */
  async function launch(id: string, { name, input }: { name: string; input: unknown }): Promise<Instance> {
    const instance: Instance = { events: [] };
    const isKnown = instances.has(id);
    instances.set(id, instance);
    const orchestration = instead[name] ?? name;
    faults.trace?.push(`  ${orchestration} ${id} runs`);
    const isBatch = name === "onboardBatch" || name === "namespaceBatch";
    // A resumed operation continues, so it does not begin again.
    if (!isBatch && !isKnown)
      watcher.begins({ id, namespaceRef: namespaceRefOf(input), isTooLate: canceled.has(batchOf(id) ?? "") });
    const broken = Promise.withResolvers<never>();
    await working(async () => {
      const run = isBatch
        ? runOrchestration(orchestration, input, ofBatch(instance, broken.reject))
        : breakable(world.engine, faults, (breaking) => {
            const { execute = (_name, work) => work(), ...options } = ofOperation(id, instance);
            return runOrchestration(orchestration, input, { ...options, execute: breaking(execute) });
          });
      instance.run = await Promise.race([run, broken.promise]).catch((error: unknown) => {
        if (!(error instanceof BrokeOff)) problems.push(`${name} ${id} is stuck: ${String(error)}`);
        return { status: "Failed" as const, output: world.engine.text };
      });
    });
    if (!isBatch) watcher.ends(id);
    return instance;
  }

  function shared(): RunOptions {
    return {
      ...inVirtualTime,
      random: dice.next,
      together: (open) => 1 + dice.roll(open),
      turnAgain: () => dice.chance(turnsAgain),
      maxTurns: 1_000,
      async execute(activity, run) {
        faults.trace?.push(`  → ${activity}`);
        activities += 1;
        const meanwhile = decisions.includes(activities) ? working(decideSomething) : undefined;
        if (dice.chance(0.02)) working(comeAsTimer).catch(() => undefined);
        return await deliver(world, { run, spoil: control.spoil, meanwhile });
      },
    };
  }

  function ofOperation(id: string, instance: Instance): RunOptions {
    let rests = 0;
    return {
      ...shared(),
      mailbox: mailboxOf(instance),
      async atRest() {
        // People do not decide for ever: undos that look again then wait for nothing but their time.
        rests += 1;
        if (rests > mostRests) return;
        instance.phase = { phase: "awaitingApproval" };
        for (let patience = dice.roll(4); patience > 0 && instance.events.length === 0; patience -= 1) {
          await waiting(tick.promise);
        }
        instance.phase = undefined;
        if (instance.events.length > 0) return;
        const choice = dice.roll(10);
        if (choice < 6) await decide(id, "approved");
        else if (choice < 7) await decide(id, "rejected");
        else if (choice < 8) await decide(id, "cancel");
        else if (choice < 9) instance.events.push({ name: "decision", data: {} });
      },
    };
  }

  /** What comes late is over before the world is judged. */
  function withLosses({ execute = (_name, run) => run(), ...options }: RunOptions) {
    const losing = lossy(world.engine, faults, (coming) => void working(() => coming));
    return { ...options, execute: losing(execute) };
  }

  function ofBatch(instance: Instance, breakOff: (error: BrokeOff) => void): RunOptions {
    const { execute, ...options } = withLosses(shared());
    let lanes = 0;
    let rests = 0;
    return {
      ...options,
      together: (open) => (dice.chance(0.7) ? open : 1 + dice.roll(open)),
      mailbox: mailboxOf(instance),
      async execute(activity, run) {
        const result = await execute(activity, run);
        if (activity !== "concludeBatch" || !dice.chance(batchesBreak)) return result;
        seen.push("batch broke off");
        breakOff(new BrokeOff("the batch"));
        return await new Promise(() => undefined);
      },
      async runChild(lane) {
        lanes += 1;
        if (lanes === 1) busy -= 1;
        try {
          return await working(() => runLane(lane));
        } finally {
          lanes -= 1;
          if (lanes === 0) busy += 1;
        }
      },
      async atRest() {
        rests += 1;
        // Days pass, and no event keeps the timer from firing.
        if (rests % 4 === 0) instance.events.length = 0;
        for (
          let patience = rests % 4 === 0 ? 0 : 1 + dice.roll(3);
          patience > 0 && instance.events.length === 0;
          patience -= 1
        ) {
          await waiting(tick.promise);
        }
      },
    };
  }

  /** A lane that breaks off leaves the item that it has taken, and perhaps claimed, unfinished. */
  async function runLane({ name, input }: ChildRun): Promise<unknown> {
    const { execute, ...options } = withLosses(shared());
    const broken = Promise.withResolvers<never>();
    const run = runOrchestration(instead[name] ?? name, input, {
      ...options,
      // It may break off whether or not the activity has succeeded.
      async execute(activity, work) {
        const answer = execute(activity, work);
        await answer.catch(() => undefined);
        // The timer may fire while the runtime is still busy with a turn.
        if (dice.chance(0.1)) await comeAsTimer();
        if (!dice.chance(lanesBreak)) return await answer;
        seen.push("lane broke off");
        broken.reject(new BrokeOff("the lane"));
        return await new Promise(() => undefined);
      },
      async runChild({ name: operation, input: given, instanceId = "" }) {
        if (instances.has(instanceId)) {
          problems.push(`operation ${instanceId} was begun a second time, by its lane`);
          return undefined;
        }
        const { run: ended } = await waiting(launch(instanceId, { name: operation, input: given }));
        if (ended?.status === "Failed") throw new Error(String(ended.output));
        return ended?.output;
      },
      atRest() {
        // The registry was away for longer than the retries last, and comes back after some minutes.
        pauses += 1;
        if (pauses > 6) faults.plan = calm;
      },
    });
    const { status, output } = await Promise.race([run, broken.promise]);
    if (status === "Failed") throw new Error(String(output));
    return output;
  }

  /** Makes a decision, unless the tables or the record refuse it. */
  async function decide(id: string, what: "cancel" | "approved" | "rejected"): Promise<void> {
    faults.trace?.push(`  ! ${what} ${id}`);
    try {
      await mortal(faults, async (call) => {
        const { ports, client, warn } = acceptance(call, approver);
        const record =
          what === "cancel"
            ? await cancelOperation(ports.registry, id, { by: approver })
            : await decideApproval(ports.registry, id, { kind: what, by: approver });
        await wake(client, record, { warn });
      });
    } catch (error) {
      if (!(error instanceof Refusal)) expectFault(error);
    }
  }

  async function decideSomething(): Promise<void> {
    if (isOver) return;
    const ids = [...instances.keys()];
    const batches = ids.filter((id) => batchIds(world).has(id));
    const id = dice.chance(0.7) && batches.length > 0 ? dice.pick(batches) : dice.pick(ids);
    if (!batches.includes(id)) {
      await decide(id, "cancel");
      return;
    }
    faults.trace?.push(`  ! cancel batch ${id}`);
    seen.push("batch cancel");
    try {
      const isDone = await mortal(faults, async (call) => {
        const { ports, client, warn } = acceptance(call, approver);
        const record = await cancelBatch(ports, id, { by: approver });
        await passOn(ports, client, record, { warn });
      });
      if (isDone !== died) canceled.add(id);
    } catch (error) {
      if (!(error instanceof Refusal)) expectFault(error);
    }
  }

  /** Does the same as functions/operations/startAccepted.ts. */
  async function comeAsTimer(): Promise<void> {
    if (accepting > 0 || isOver) return;
    await mortal(faults, async (call) => {
      const recovery = acceptance(call, approver);
      const held = await recovery.ports.registry.heldNamespaces();
      for (const record of held) await recoverOperation(recovery, record).catch(expectFault);
      await reconcileBatches(recovery, { held, before: Date.now() + anHourMs });
    }).catch(expectFault);
  }

  function batchOf(id: string): string | undefined {
    for (const { record } of world.rows.get("MooringNamespaces")?.values() ?? []) {
      const { operation, batch } = record as NamespaceRecord;
      if (operation === id) return batch?.operation;
    }
    return undefined;
  }

  async function tickOn(): Promise<void> {
    for (let ticks = 0; ; ticks += 1) {
      while (busy > 0) await nextTurn();
      const open = await whatIsOpen();
      if (open === undefined) return;
      if (ticks === clearing) faults.plan = calm;
      if (ticks > longest) {
        problems.push(`stuck: ${open}`);
        return;
      }
      await comeAsTimer();
      const { resolve } = tick;
      tick = Promise.withResolvers<void>();
      resolve();
      await nextTurn();
    }
  }

  async function whatIsOpen(): Promise<string | undefined> {
    return await calmly(world, async () => {
      const [held] = await world.registry.heldNamespaces();
      if (held) return `${held.cluster}/${held.namespace} as ${held.state}`;
      const [open] = await world.registry.openBatches();
      if (open) return `batch ${open.id}`;
      return undefined;
    });
  }

  return {
    problems,
    seen,
    acceptanceContextOf: (by) => (call) => acceptance(call, by),
    async accept(work) {
      accepting += 1;
      try {
        return await working(work);
      } finally {
        accepting -= 1;
      }
    },
    async runToEnd() {
      await tickOn();
      isOver = true;
    },
  };
}

class BrokeOff extends Error {}

function mailboxOf({ events }: Instance) {
  return {
    raise: (name: string, data: unknown = null) => void events.push({ name, data }),
    take: () => events.shift(),
  };
}

function namespaceRefOf(input: unknown): NamespaceRef {
  const { request } = input as { request: NamespaceRef };
  return { cluster: request.cluster, namespace: request.namespace };
}

function batchIds({ rows }: World): ReadonlySet<string> {
  const operations = [...(rows.get("MooringOperations")?.values() ?? [])].map(({ record }) => record);
  return new Set(
    operations.flatMap((each) => ("kind" in each && each.kind === "batch" ? [String(Reflect.get(each, "id"))] : [])),
  );
}
