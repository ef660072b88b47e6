/** From a request to an open gate, whatever happens in between: callers retry, and work of dead processes is run again. */
import { HttpRequest } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { providePorts } from "../../../src/activities/host.ts";
import type { AcceptanceContext, Accepted } from "../../../src/application/acceptance/acceptance.ts";
import { cancelOperation, decideApproval } from "../../../src/application/decisions/decide.ts";
import { recoverOperation } from "../../../src/application/recovery/recoverOperation.ts";
import type { Caller } from "../../../src/domain/access/caller.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { IdempotencyRecord } from "../../../src/domain/http/idempotency.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { answerOnce } from "../../../src/http/idempotency.ts";
import { json } from "../../../src/http/respond.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { createMailbox, type Run, runOrchestration } from "../../support/durableRunner.ts";
import { inVirtualTime } from "../../support/virtualTime.ts";
import { approver } from "./callers.ts";
import { breakable } from "./engine.ts";
import { type Call, calm, died, type Faults } from "./faults.ts";
import type { Problem } from "./invariants.ts";
import type { World } from "./world.ts";

export interface Control {
  /** Replaces orchestrations by name, for example by one with a known defect that the simulation must find. */
  readonly instead?: Readonly<Record<string, string>> | undefined;
  /** Changes the ports of the service, for the same purpose. */
  readonly spoil?: ((ports: Ports) => Ports) | undefined;
}

export interface Asked {
  readonly by: Caller;
  /** Resolves to undefined when it begins no operation. */
  readonly ask: (acceptance: AcceptanceContext, index: number, operation?: string) => Promise<Accepted | undefined>;
  /** Whether the simultaneous requests differ and may get different answers. */
  readonly isRace?: boolean;
  /** The Idempotency-Key that the caller sends. */
  readonly key?: string | undefined;
  /** The number of simultaneous identical requests. */
  readonly times?: number;
}

export interface Ended {
  /** Undefined when nothing was begun. */
  readonly operation: string | undefined;
  /** Whether the operation existed before the request. */
  readonly isOld: boolean;
  readonly problems: readonly Problem[];
}

/** Returns the code of a refusal. */
export async function operate(world: World, asked: Asked, control: Control): Promise<Ended | string> {
  const { faults } = world;
  const instances = new Map<string, Instance>();
  const acceptanceContextOf = (call: Call) =>
    createAcceptanceContext(world, { call, instances, by: asked.by, control });
  const answers = await Promise.all(
    Array.from({ length: asked.times ?? 1 }, (_, index) =>
      askUntilAnswered(world, acceptanceContextOf, { ...asked, index }),
    ),
  );
  const answer = asked.isRace ? (answers.find((each) => typeof each === "object") ?? answers[0]) : answers[0];
  if (typeof answer === "string") return answer;
  const problems: Problem[] = [];
  if (!asked.isRace && new Set(answers.map((each) => (typeof each === "string" ? each : each?.operation))).size > 1) {
    problems.push(`the same request got ${JSON.stringify(answers)}`);
  }
  const isOld = answer !== undefined && instances.size === 0 && (await holders(world)).length === 0;

  for (let round = 0; ; round += 1) {
    for (const [id, instance] of instances) {
      if (!instance.run) instance.run = await runInstance(world, id, { ...instance, control });
    }
    // The timer recovers operations; after some rounds, the faults stop.
    if (round === 4) Object.assign(faults, { plan: calm, script: undefined });
    const held = await holders(world);
    if (held.length === 0) break;
    if (round > 8) {
      problems.push(`stuck as ${held[0]?.state}`);
      break;
    }
    for (const record of held) {
      if (instances.get(record.operation)?.run || !instances.has(record.operation)) {
        await mortal(faults, (call) => recoverOperation(acceptanceContextOf(call), record)).catch(expectFault);
      }
    }
  }
  // Nothing holds the namespace any more, so nothing that was sent may take effect from now on, unless it changes nothing.
  faults.landAll();
  if (asked.key !== undefined && answer)
    problems.push(...(await askOnceMore(world, acceptanceContextOf, asked, answer)));
  return { operation: answer?.operation, isOld, problems };
}

/** Repeats the key after everything is over: it must get the same answer and begin nothing new. */
export async function askOnceMore(
  world: World,
  acceptanceContextOf: (call: Call) => AcceptanceContext,
  asked: Asked,
  first: Accepted,
): Promise<readonly Problem[]> {
  // Nothing answers for a key whose answer could not be stored, once its minute is over and its operation has ended.
  if (hasNoAnswer(world, asked.key)) return [];
  const again = await calmly(world, () =>
    askWithKey(acceptanceContextOf(world.faults.call), { ...asked, index: 0 }),
  ).catch((error: unknown) => {
    if (error instanceof Refusal) return error.code;
    throw error;
  });
  // The answer could not be stored; within a minute the key is free, and the operation is found by its request while it runs.
  if (again === "IDEMPOTENCY_IN_PROGRESS") return [];
  const told = typeof again === "string" ? again : again?.operation;
  return told === first.operation ? [] : [`the same key got ${first.operation}, and afterwards ${told}`];
}

/** Runs something without faults. */
export async function calmly<T>({ faults }: Pick<World, "faults">, work: () => Promise<T>): Promise<T> {
  const { plan } = faults;
  faults.plan = calm;
  try {
    return await work();
  } finally {
    faults.plan = plan;
  }
}

function holders(world: World) {
  return calmly(world, () => world.registry.heldNamespaces());
}

export const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

export interface AcceptanceContextSettings {
  readonly call: Call;
  readonly instances: Map<string, Instance>;
  readonly by: Caller;
  readonly control: Control;
}

export function createAcceptanceContext(
  { portsOf, faults }: World,
  { call, instances, by, control }: AcceptanceContextSettings,
): AcceptanceContext {
  const { spoil = (ports: Ports) => ports } = control;
  return {
    ports: spoil(portsOf(call)),
    client: createClient(call, instances),
    by,
    warn: (message: string) => void faults.trace?.push(`  warning: ${message}`),
    traceparent,
  };
}

/** A caller who gets no answer or 503 retries; so does one whose first request is still being answered. */
export async function askUntilAnswered(
  world: World,
  acceptanceContextOf: (call: Call) => AcceptanceContext,
  asked: Asked & { readonly index: number },
): Promise<Accepted | string | undefined> {
  const { faults } = world;
  for (let tries = 0; ; tries += 1) {
    if (tries === 5) faults.plan = calm;
    // By now a process that claimed the key without answering is dead.
    if (tries > 5 && asked.key !== undefined) expireClaims(world, asked.key);
    try {
      const answer = await mortal(faults, (call) => askWithKey(acceptanceContextOf(call), asked));
      if (answer !== died) return answer;
    } catch (error) {
      if (error instanceof Refusal) {
        if (error.code !== "IDEMPOTENCY_IN_PROGRESS") return error.code;
        await new Promise((resolve) => setImmediate(resolve));
      } else expectPassing(error);
    }
    if (tries > 50) throw new Error("a caller was never answered");
  }
}

/** Does the same as the route. */
async function askWithKey(
  acceptance: AcceptanceContext,
  { ask, key, by, index }: Asked & { readonly index: number },
): Promise<Accepted | undefined> {
  if (key === undefined) return await ask(acceptance, index);
  const request = new HttpRequest({
    url: "http://localhost/api/asked",
    method: "POST",
    headers: { "idempotency-key": key },
  });
  const asked = { request, by, body: null, context: { warn: acceptance.warn } };
  const answer = await answerOnce(acceptance.ports.idempotencyKeys, asked, async ({ operation: id }) => {
    const { operation = "", ...rest } = (await ask(acceptance, index, id)) ?? {};
    return json(202, { id: operation, ...rest });
  });
  const { id: operation, ...rest } = JSON.parse(String(answer.body));
  return { operation, ...rest };
}

function hasNoAnswer({ rows }: World, ofKey: string | undefined): boolean {
  const claims = [...(rows.get("MooringIdempotency")?.values() ?? [])].map(({ record }) => record as IdempotencyRecord);
  return claims.some(({ key, answer }) => key === ofKey && answer === undefined);
}

/** A minute passes. */
function expireClaims({ rows }: World, ofKey: string): void {
  const table = rows.get("MooringIdempotency") ?? new Map();
  for (const [key, row] of table) {
    if (row.record.key !== ofKey) continue;
    table.set(key, { ...row, record: { ...row.record, claimedTime: new Date(Date.now() - 61_000).toISOString() } });
  }
}

function expectPassing(error: unknown): void {
  const isExpected = error instanceof TransientError || (error instanceof TypeError && /foresaw/.test(error.message));
  if (!isExpected) throw error;
}

/** The timer may meet any fault, since it runs again. */
export function expectFault(error: unknown): void {
  if (!(error instanceof PermanentError)) expectPassing(error);
}

/** Long enough ago for every waiting time after a failure to be over. */
export const longAgo = new Date(0);

interface Instance {
  readonly name: string;
  readonly input: unknown;
  run?: Pick<Run, "status" | "output">;
}

async function runInstance(
  world: World,
  id: string,
  { name, input, control }: Instance & { control: Control },
): Promise<Pick<Run, "status" | "output">> {
  const { dice, faults, cancels, turnsAgain, portsOf, engine } = world;
  const { instead = {} } = control;
  const orchestration = instead[name] ?? name;
  faults.trace?.push(`  ${orchestration} runs`);
  const mailbox = createMailbox();
  let rests = 0;
  /** Decides, unless the tables or the record refuse; its event may get lost, or an event may come without a decision. */
  const decide = async (what: "cancel" | "approved" | "rejected") => {
    const { registry } = portsOf(faults.call);
    try {
      if (what === "cancel") await cancelOperation(registry, id, { by: approver });
      else await decideApproval(registry, id, { kind: what, by: approver });
      faults.trace?.push(`  ! ${what}`);
    } catch (error) {
      if (!(error instanceof Refusal)) expectPassing(error);
    }
    if (dice.chance(0.8)) mailbox.raise("decision", {});
  };
  const run = breakable(
    engine,
    faults,
    async (execute) =>
      await runOrchestration(orchestration, input, {
        mailbox,
        ...inVirtualTime,
        async atRest() {
          // People do not decide for ever: then only time passes.
          rests += 1;
          if (rests > mostRests) return;
          if (faults.plan === calm) return await decide("approved");
          const choice = dice.roll(10);
          if (choice < 6) await decide("approved");
          else if (choice < 7) await decide("rejected");
          else if (choice < 8) await decide("cancel");
          else if (choice < 9) mailbox.raise("decision", {});
        },
        random: dice.next,
        together: (open) => 1 + dice.roll(open),
        turnAgain: () => dice.chance(turnsAgain),
        maxTurns: 1_000,
        execute: execute(async (activity, work) => {
          faults.trace?.push(`  → ${activity}`);
          const isCanceled = faults.plan !== calm && dice.chance(cancels);
          // Before the activity runs, or at any moment during it.
          const canceling = isCanceled ? decide("cancel") : undefined;
          if (dice.chance(0.5)) await canceling;
          return await deliver(world, { run: work, spoil: control.spoil, meanwhile: canceling });
        }),
      }),
  );
  return await run.catch((cause: unknown) => {
    throw new Error(`${name} ${id}`, { cause });
  });
}

/** How often somebody decides while an orchestration waits. */
export const mostRests = 6;

interface Delivery {
  readonly run: () => Promise<unknown>;
  readonly spoil: Control["spoil"];
  /** Must be over before the answer is returned. */
  readonly meanwhile?: Promise<unknown> | undefined;
}

/** Delivers an activity until a live process has completed it, sometimes twice although once would do. */
export async function deliver(
  { dice, faults, twice, portsOf }: World,
  { run, spoil = (ports) => ports, meanwhile }: Delivery,
): Promise<unknown> {
  for (;;) {
    // The second delivery may come after the first has ended, or while it runs.
    const deliveries = dice.chance(twice) ? 2 : 1;
    const areTogether = dice.chance(0.5);
    const outcomes: Settled[] = [];
    const once = () =>
      settle(
        mortal(faults, (call) => {
          // An activity takes its ports when it is called.
          providePorts(spoil(portsOf(call)));
          return run();
        }),
      );
    if (areTogether) {
      outcomes.push(...(await Promise.all(Array.from({ length: deliveries }, once))));
    } else for (let each = 0; each < deliveries; each += 1) outcomes.push(await once());
    await meanwhile;
    const alive = outcomes.filter((outcome) => !("value" in outcome && outcome.value === died));
    const told = alive[dice.roll(alive.length)];
    if (!told) continue;
    if ("value" in told) return told.value;
    throw told.reason;
  }
}

/** Runs work in a process that may die, and returns `died` if it did. */
export async function mortal<T>(faults: Faults, run: (call: Call) => Promise<T>): Promise<T | typeof died> {
  const life = faults.live();
  return await Promise.race([life.died, run(life.call)]);
}

type Settled = { readonly value: unknown } | { readonly reason: unknown };

async function settle(work: Promise<unknown>): Promise<Settled> {
  try {
    return { value: await work };
  } catch (reason) {
    return { reason };
  }
}

/** The part of the durable client that acceptance and the timer use. */
function createClient(call: Call, instances: Map<string, Instance>): DurableClient {
  const client: Pick<DurableClient, "startNew" | "getStatus"> = {
    startNew: (name, options) =>
      call("tables", "start instance", () => {
        const instanceId = options?.instanceId ?? "";
        const known = instances.get(instanceId);
        // An ended instance is replaced, as in the extension.
        if (!known || known.run) instances.set(instanceId, { name, input: options?.input });
        return instanceId;
      }),
    getStatus: (id) =>
      call("tables", "get instance", () => {
        const instance = instances.get(id);
        if (!instance) throw new Error("The operation failed with HTTP 404");
        return {
          instanceId: id,
          runtimeStatus: instance.run?.status ?? "Running",
          output: instance.run?.output,
          lastUpdatedTime: longAgo,
        } as Awaited<ReturnType<DurableClient["getStatus"]>>;
      }),
  };
  return client as DurableClient;
}
