/**
 * One seed, from the first request to nothing left: onboarding, offboarding, a second onboarding over what remains, and,
 * when the weather has cleared, an offboarding that must succeed. Acceptance, orchestrations, activities and the
 * registry are the real ones; the clouds and the tables are models, and the orchestrations replay on the SDK's engine.
 */
import type { DurableClient } from "durable-functions";
import { providePorts } from "../../../src/activities/step.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { OperationKind } from "../../../src/domain/operation.ts";
import { Refusal } from "../../../src/domain/refusal.ts";
import type { OnboardingRequest } from "../../../src/domain/request.ts";
import { hashRequest } from "../../../src/domain/requestHash.ts";
import { type Accepted, acceptOffboarding, acceptOnboarding, type Desk } from "../../../src/functions/acceptance.ts";
import { cancelOperation, decideApproval } from "../../../src/functions/decide.ts";
import { mend } from "../../../src/functions/startAccepted.ts";
import type { NamespaceRecord, Ports } from "../../../src/ports.ts";
import "../../../src/orchestrations/offboardNamespace.ts";
import "../../../src/orchestrations/onboardNamespace.ts";
import { createMailbox, type Run, runOrchestration } from "../../support/durableRunner.ts";
import { type Call, calm, died, type FaultPlan, type Faults } from "./faults.ts";
import {
  checkAudit,
  checkForeignThere,
  checkGone,
  checkParts,
  checkRecords,
  checkUndone,
  type Problem,
} from "./invariants.ts";
import { takeSnapshot } from "./snapshot.ts";
import { createRequest, createWorld, earlier, type World } from "./world.ts";

export interface Verdict {
  readonly seed: number;
  readonly problems: readonly Problem[];
  /** What was seen, to know that the seeds reach it: `onboard Succeeded`, `offboard Failed SQL_FORBIDDEN`. */
  readonly seen: readonly string[];
}

export interface SimulateOptions {
  /** Filled with what happened. */
  readonly trace?: string[] | undefined;
  /** Another orchestration instead of onboardNamespace: one with a known defect, which has to be found. */
  readonly onboarding?: string | undefined;
  /** Changes the ports on their way to the activities, for the same end. */
  readonly spoil?: ((ports: Ports) => Ports) | undefined;
}

export async function simulate(seed: number, { trace, ...control }: SimulateOptions = {}): Promise<Verdict> {
  const world = createWorld(seed, trace);
  const { dice, faults, registry, request } = world;
  const problems: Problem[] = [];
  const seen: string[] = [];
  const first = takeSnapshot(world, request);
  const isHarmless = !isBad(world.weather) && ![...first.keys()].some((key) => /mooring|team|theirs/.test(key));
  const tell = (line: string) => trace?.push(line);
  tell(
    JSON.stringify({
      seed,
      request,
      weather: { ...world.weather, refused: String(world.weather.refused), down: String(world.weather.down) },
    }),
  );

  const step = async (kind: OperationKind, wanted: OnboardingRequest) => {
    tell(`— ${kind} ${JSON.stringify(wanted)}`);
    const before = takeSnapshot(world, request);
    const plan = faults.plan;
    faults.plan = calm;
    const recordBefore = await registry.getNamespace(wanted);
    faults.plan = plan;
    const ended = await operate(world, { kind, wanted, control });
    if (typeof ended === "string") {
      seen.push(`${kind} refused ${ended}`);
      return undefined;
    }
    problems.push(...ended.problems);
    const { operation } = ended;
    if (!operation) return undefined;
    const { status, error } = operation;
    tell(`— ${kind} ${status} ${error?.code ?? ""} ${error?.message ?? ""}`);
    seen.push(`${kind} ${status} ${error?.code ?? ""}`.trim());
    const after = takeSnapshot(world, request);
    const weather = faults.plan;
    faults.plan = calm;
    const recorded = [...(await checkRecords(world, operation)), ...(await checkAudit(world, operation))];
    problems.push(...recorded.map((each) => `${kind} ${status}: ${each}`));
    const found = () => {
      // Of a change whose new state is in place, and only the old one could not be taken away, the parts are there too.
      if (kind === "onboard" && (status === "Succeeded" || error?.code === "CHANGE_INCOMPLETE")) {
        return [...checkParts(world, operation.request), ...checkForeignThere(first, after)];
      }
      if (kind === "onboard") return checkUndone(before, after, namedUndos(error?.message ?? "", error?.code));
      if (status === "Succeeded") {
        return checkGone(first, after, { keepsNamespace: operation.request.deletePolicy === "Keep" });
      }
      return checkForeignThere(first, after);
    };
    const isExpected = ["NAMESPACE_TERMINATING", "REJECTED", "APPROVAL_TIMED_OUT"].includes(error?.code ?? "");
    if (isHarmless && status === "Failed" && !isExpected) {
      problems.push(`${kind} Failed ${error?.code} although nothing stood in its way: ${error?.message}`);
    }
    problems.push(...found().map((each) => `${kind} ${status} ${error?.code ?? ""}: ${each}`));
    const record = await registry.getNamespace(wanted);
    // An offboarding that was stopped before its first removal leaves the record as it leaves everything else.
    const isAsBefore = kind === "onboard" || JSON.stringify(after) === JSON.stringify(before);
    const isRight =
      status === "Succeeded"
        ? record?.state === (kind === "onboard" ? "Onboarded" : undefined)
        : ["Incomplete", ...(isAsBefore ? [recordBefore?.state] : [])].includes(record?.state);
    if (!isRight) problems.push(`${kind} ${status}: the namespace's record is ${record?.state}`);
    faults.plan = weather;
    return operation;
  };

  if (world.hasRemains) await registry.insertNamespace(incompleteRecord(request));
  faults.plan = world.weather;
  await step("onboard", request);
  if (dice.chance(0.6)) await step("offboard", request);
  if (dice.chance(0.6)) await step("onboard", dice.chance(0.6) ? request : createRequest(dice));

  faults.plan = calm;
  const record = await registry.getNamespace(request);
  if (record) {
    const last = await step("offboard", record.request);
    const isObstructed = last?.error?.code === "SQL_USER_OWNS_SCHEMA";
    if (last?.status !== "Succeeded" && !isObstructed) {
      problems.push(`the last offboarding is ${last?.status}: ${last?.error?.message}`);
    }
  } else {
    const changed = checkForeignThere(first, takeSnapshot(world, request));
    problems.push(...changed.map((each) => `at the end: ${each}`));
  }
  return { seed, problems, seen };
}

/** Processes that die and deliveries that come twice are no reason to fail. */
function isBad({ passing, refused, down }: FaultPlan): boolean {
  return passing > 0 || refused !== undefined || down !== undefined;
}

function incompleteRecord(request: OnboardingRequest): NamespaceRecord {
  const { cluster, namespace } = request;
  const acceptedTime = "2026-11-23T00:00:00.000Z";
  const by = { operation: earlier, requestedBy: "caller", acceptedTime };
  return { cluster, namespace, state: "Incomplete", request, requestHash: hashRequest(request), ...by };
}

/** The names in "What could not be undone: name (why); name (why)." */
function namedUndos(message: string, code: string | undefined): readonly string[] {
  if (code !== "COMPENSATION_FAILED") return [];
  const list = /What could not be undone: (.*)$/s.exec(message)?.[1] ?? "";
  return [...list.matchAll(/(?:^|; )([a-zA-Z]+(?: sql-[ab]\/[a-z]+)?) \(/g)].map(([, name]) => name ?? "");
}

interface Ended {
  readonly operation: Awaited<ReturnType<World["registry"]["getOperation"]>>;
  readonly problems: readonly Problem[];
}

/** From the request to an open gate, whatever happens in between. A refusal is told by its code. */
async function operate(
  world: World,
  { kind, wanted, control }: { kind: OperationKind; wanted: OnboardingRequest; control: Control },
): Promise<Ended | string> {
  const { faults, registry, dice } = world;
  const instances = new Map<string, Instance>();
  const warn = (message: string) => void faults.trace?.push(`  warning: ${message}`);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const by = { id: "caller", name: "caller", teams: [], roles: ["Onboarding.Operate"] } satisfies Caller;
  const deskOf = (call: Call): Desk => ({
    ports: world.portsOf(call),
    client: createClient(call, instances),
    by,
    warn,
    traceparent,
  });
  const ask = (call: Call) =>
    kind === "onboard" ? acceptOnboarding(deskOf(call), wanted) : acceptOffboarding(deskOf(call), wanted);

  const answers = await Promise.all(
    Array.from({ length: dice.pick([1, 1, 1, 2, 3]) }, () => askUntilAnswered(world, ask)),
  );
  const [answer] = answers;
  if (typeof answer === "string" || answer === undefined) return answer ?? "nothing";
  const problems: Problem[] = [];
  if (new Set(answers.map((each) => (typeof each === "string" ? each : each.operation))).size > 1) {
    problems.push(`${kind}: the same request got ${JSON.stringify(answers)}`);
  }

  for (let round = 0; ; round += 1) {
    for (const [id, instance] of instances) {
      if (!instance.run) instance.run = await runInstance(world, id, { ...instance, control });
    }
    // The timer mends; after some rounds the weather clears, as weather does.
    if (round === 4) faults.plan = calm;
    const held = await holders(world);
    if (held.length === 0) break;
    if (round > 8) return { operation: undefined, problems: [...problems, `${kind}: stuck as ${held[0]?.state}`] };
    for (const record of held) {
      if (instances.get(record.operation)?.run || !instances.has(record.operation)) {
        await mortal(faults, (call) => mend(deskOf(call), record)).catch(expectFault);
      }
    }
  }
  const isCalm = faults.plan;
  faults.plan = calm;
  const operation = await registry.getOperation(answer.operation);
  if (!operation) problems.push(`${kind}: operation ${answer.operation} is not recorded`);
  faults.plan = isCalm;
  return { operation, problems };
}

async function holders({ faults, registry }: World) {
  const { plan } = faults;
  faults.plan = calm;
  const held = await registry.heldNamespaces();
  faults.plan = plan;
  return held;
}

/** A caller who gets no answer, or 503, asks again. */
async function askUntilAnswered(world: World, ask: (call: Call) => Promise<Accepted>): Promise<Accepted | string> {
  const { faults } = world;
  for (let tries = 0; ; tries += 1) {
    if (tries === 5) faults.plan = calm;
    try {
      const answer = await mortal(faults, ask);
      if (answer !== died) return answer;
    } catch (error) {
      if (error instanceof Refusal) return error.code;
      expectPassing(error);
    }
  }
}

function expectPassing(error: unknown): void {
  const isExpected = error instanceof TransientError || (error instanceof TypeError && /foresaw/.test(error.message));
  if (!isExpected) throw error;
}

/** The timer comes again, whatever it met. */
function expectFault(error: unknown): void {
  if (!(error instanceof PermanentError)) expectPassing(error);
}

interface Instance {
  readonly name: string;
  readonly input: unknown;
  run?: Run;
}

type Control = Pick<SimulateOptions, "onboarding" | "spoil">;

async function runInstance(
  { dice, faults, twice, cancels, portsOf }: World,
  id: string,
  { name, input, control }: Instance & { control: Control },
): Promise<Run> {
  const { onboarding = name, spoil = (ports: Ports) => ports } = control;
  const orchestration = name === "onboardNamespace" ? onboarding : name;
  faults.trace?.push(`  ${orchestration} runs`);
  const mailbox = createMailbox();
  /** Decides, unless the tables or the record refuse; the event that follows may get lost, and one may come for nothing. */
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
  return await runOrchestration(orchestration, input, {
    mailbox,
    async atRest() {
      const choice = dice.roll(10);
      if (choice < 6) await decide("approved");
      else if (choice < 7) await decide("rejected");
      else if (choice < 8) await decide("cancel");
      else if (choice < 9) mailbox.raise("decision", {});
    },
    random: dice.next,
    together: (open) => 1 + dice.roll(open),
    maxTurns: 400,
    async execute(activity, run) {
      faults.trace?.push(`  → ${activity}`);
      if (faults.plan !== calm && dice.chance(cancels)) await decide("cancel");
      for (;;) {
        // The second delivery may come after the first has ended, or while it runs.
        const deliveries = dice.chance(twice) ? 2 : 1;
        const areTogether = dice.chance(0.5);
        const outcomes: Settled[] = [];
        const deliver = () =>
          settle(
            mortal(faults, (call) => {
              // An activity takes its ports the moment it is called.
              providePorts(spoil(portsOf(call)));
              return run();
            }),
          );
        if (areTogether) {
          outcomes.push(...(await Promise.all(Array.from({ length: deliveries }, deliver))));
        } else for (let each = 0; each < deliveries; each += 1) outcomes.push(await deliver());
        const alive = outcomes.filter((outcome) => !("value" in outcome && outcome.value === died));
        const told = alive[dice.roll(alive.length)];
        if (!told) continue;
        if ("value" in told) return told.value;
        throw told.reason;
      }
    },
  }).catch((cause: unknown) => {
    throw new Error(`${name} ${id}`, { cause });
  });
}

/** Runs what may die, and says so when it did. */
async function mortal<T>(faults: Faults, run: (call: Call) => Promise<T>): Promise<T | typeof died> {
  const life = faults.live();
  return await Promise.race([life.died, run(life.call)]);
}

const approver: Caller = {
  id: "approver",
  name: "approver",
  teams: [],
  roles: ["Onboarding.Approve", "Onboarding.Operate"],
};

type Settled = { readonly value: unknown } | { readonly reason: unknown };

async function settle(work: Promise<unknown>): Promise<Settled> {
  try {
    return { value: await work };
  } catch (reason) {
    return { reason };
  }
}

/** As much of the durable client as acceptance and the timer use. */
function createClient(call: Call, instances: Map<string, Instance>): DurableClient {
  const client: Pick<DurableClient, "startNew" | "getStatus"> = {
    startNew: (name, options) =>
      call("tables", "start instance", () => {
        const instanceId = options?.instanceId ?? "";
        if (!instances.has(instanceId)) instances.set(instanceId, { name, input: options?.input });
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
        } as Awaited<ReturnType<DurableClient["getStatus"]>>;
      }),
  };
  return client as DurableClient;
}
