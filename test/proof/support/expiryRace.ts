/**
 * One seed of a race: the timer takes away access that has ended at the moment at which somebody else asks for something, on the worlds'
 * models, so that every call of one may come between any two of the other.
 */
import "./sleepless.ts";
import {
  type AcceptanceContext,
  type Accepted,
  acceptExpired,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import { expiryCaller } from "../../../src/domain/access/caller.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { hashRequest } from "../../../src/domain/request/requestHash.ts";
import { keysIn, withRevisedTargets } from "../../../src/domain/targets/wanted.ts";
import "../../../src/orchestrations/changeNamespace.ts";
import "../../../src/orchestrations/offboardNamespace.ts";
import "../../../src/orchestrations/onboardNamespace.ts";
import "../../../src/orchestrations/repairNamespace.ts";
import { endVirtualTime } from "../../support/virtualTime.ts";
import { longAgo, offboard, onboard } from "./acts.ts";
import { calm } from "./faults.ts";
import { checkGone, checkParts, checkReach, type Problem } from "./invariants.ts";
import { keepsNamespace } from "./judge.ts";
import { type Control, calmly, operate } from "./operate.ts";
import { clear } from "./planned.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import { createWorld, type World } from "./world.ts";
import { createRequest, withWishes } from "./worldRequests.ts";

export interface Verdict {
  readonly problems: readonly Problem[];
  /** `renewal of everything: first`: what raced, and what came of it. */
  readonly seen: readonly string[];
}

type Ask = (acceptance: AcceptanceContext) => Promise<Accepted>;

/** What somebody else asks for at the same moment; those that renew leave nothing that ends. */
const rivals: Readonly<
  Record<string, { readonly renews: boolean; readonly ask: (world: World, request: OnboardingRequest) => Ask }>
> = {
  renewal: {
    renews: true,
    ask: (_world, request) => (acceptance) => acceptOnboarding(acceptance, request, { isRemovalConfirmed: true }),
  },
  change: {
    renews: true,
    ask(world, { identityMode, ...request }) {
      const changed = { ...withWishes(world, createRequest(world.dice, request)), identityMode };
      return (acceptance) => acceptOnboarding(acceptance, changed, { isRemovalConfirmed: true });
    },
  },
  offboarding: {
    renews: false,
    ask: (_world, request) => (acceptance) => acceptOffboarding(acceptance, request),
  },
  repair: {
    renews: false,
    ask: (_world, request) => (acceptance) =>
      acceptUpkeep(acceptance, "Repairing", { namespaceRef: request, prepare: () => ({}) }),
  },
  timer: { renews: false, ask: (_world, request) => expired(request) },
};

export function expired(request: OnboardingRequest, laterMs = 0): Ask {
  return (acceptance) => acceptExpired({ ...acceptance, by: expiryCaller }, request, Date.now() + laterMs);
}

/** Longer than the timer waits after an attempt that has failed. */
export const muchLaterMs = 40 * 24 * 60 * 60_000;

/** Refusals that tell a loser of the race that it has lost. */
const losses = new Set(["OPERATION_IN_PROGRESS", "NOT_ONBOARDED", "NAMESPACE_CHANGED", "INCOMPLETE"]);

export async function raceAtEnd(
  seed: number,
  { trace, ...control }: Control & { readonly trace?: string[] } = {},
): Promise<Verdict> {
  try {
    return await raceNow(seed, control, trace);
  } finally {
    endVirtualTime();
  }
}

async function raceNow(seed: number, control: Control, trace?: string[]): Promise<Verdict> {
  const world = createWorld(seed, trace);
  const { dice, faults, by, request } = world;
  const first = await begin(world, control);
  if (!first) return { problems: [], seen: ["nothing to race for"] };
  const keys = keysIn(request);
  const part = keys.length > 1 && dice.chance(0.5) ? dice.pick(keys) : undefined;
  await endAll(world, (key) => part === undefined || key === part);

  const name = dice.pick(Object.keys(rivals));
  const rival = rivals[name];
  if (!rival) throw new Error(`there is no ${name}`);
  const what = `${name} of ${part === undefined ? "everything" : "a part"}`;
  const [timer, other] = [expired(request), rival.ask(world, request)];
  const asks = dice.shuffle([timer, other]);
  const answers = new Map<Ask | undefined, Accepted | string>();
  if (dice.chance(0.6)) faults.plan = world.weather;
  trace?.push(`— the end meets a ${what}`);
  const ended = await operate(
    world,
    {
      by,
      times: asks.length,
      isRace: true,
      async ask(acceptance, index) {
        const ask = asks[index];
        const answer = await ask?.(acceptance).catch((error: unknown) => {
          if (error instanceof Refusal) answers.set(ask, error.code);
          throw error;
        });
        if (answer) answers.set(ask, answer);
        return answer;
      },
    },
    control,
  );
  faults.plan = calm;
  const problems = typeof ended === "string" ? [] : [...ended.problems];
  const [timed, asked] = [answers.get(timer), answers.get(other)];
  for (const answer of answers.values()) {
    if (typeof answer === "string" && !losses.has(answer)) problems.push(`one of the two was told ${answer}`);
  }
  if (typeof timed === "string" && typeof asked === "string") problems.push(`both were refused: ${timed}, ${asked}`);
  problems.push(...(await calmly(world, () => judgeRace(world, rival.renews ? asked : undefined))));
  problems.push(...(await finish(world, request, control)));
  const rest = takeSnapshot(world, request);
  problems.push(...checkGone(first, rest, { keepsNamespace: keepsNamespace(world, request) }));
  const winner = typeof asked === "string" ? "lost" : typeof timed === "string" ? "won" : "both";
  return { problems: problems.map((each) => `${what}: ${each}`), seen: [`${what}: ${winner}`] };
}

/** Onboards the namespace, and returns what there was before; undefined if that fails. */
export async function begin(world: World, control: Control): Promise<Snapshot | undefined> {
  const { faults, by, registry, request } = world;
  faults.plan = calm;
  clear(world);
  const first = takeSnapshot(world, request);
  await operate(world, onboard(request, by), control);
  return (await registry.getNamespace(request))?.state === "Onboarded" ? first : undefined;
}

/** Access to these has ended, and a look has found that. */
export async function endAll({ registry, request }: World, isEnding: (key: string) => boolean): Promise<void> {
  const record = await registry.getNamespace(request);
  if (!record) throw new Error("nothing is onboarded");
  const ending = withRevisedTargets(request, ({ key }) => (isEnding(key) ? { expiresAt: longAgo } : {}));
  const noted = { expiry: { end: longAgo, passedTime: longAgo } };
  await registry.replaceNamespace({ ...record, ...noted, request: ending, requestHash: hashRequest(ending) });
}

function operationsIn({ rows }: World): readonly OperationRecord[] {
  const all = [...(rows.get("MooringOperations")?.values() ?? [])].map(({ record }) => record as OperationRecord);
  // The ID of the installation is there, too.
  return all.filter(({ kind }) => kind !== undefined);
}

/** Whoever has renewed access has it; everybody else has what the record says. */
async function judgeRace(world: World, renewed: Accepted | string | undefined): Promise<readonly Problem[]> {
  const record = await world.registry.getNamespace(world.request);
  const operations = operationsIn(world);
  const problems = operations
    .filter(({ endTime }) => endTime === undefined)
    .map(({ id, status }) => `operation ${id} is ${status}`);
  const renewal = operations.find(({ id }) => typeof renewed === "object" && id === renewed.operation);
  if (renewal?.status === "Succeeded" && record?.operation !== renewal.id) {
    problems.push(`the renewal has succeeded, and the record is ${record?.state}, of ${record?.operation}`);
  }
  const last = operations.find(({ id }) => id === record?.operation);
  if (record?.state !== "Onboarded" || last?.status !== "Succeeded") return problems;
  return [...problems, ...checkParts(world, record.request), ...checkReach(world, record.request, record.findings)];
}

/** The next look takes away what has ended; then the namespace is offboarded. */
async function finish(world: World, request: OnboardingRequest, control: Control): Promise<readonly Problem[]> {
  const { by, registry } = world;
  const problems: Problem[] = [];
  const next = await operate(world, { by, ask: expired(request, muchLaterMs) }, control);
  if (typeof next !== "string") problems.push(...next.problems.map((each) => `at the next look: ${each}`));
  const left = await registry.getNamespace(request);
  if (left?.state === "Onboarded" && JSON.stringify(left.request).includes(longAgo))
    problems.push("the next look has left what has ended");
  if (left) {
    const last = await operate(world, offboard(request, by), control);
    if (typeof last === "string") problems.push(`the offboarding is refused: ${last}`);
    else problems.push(...last.problems.map((each) => `at the end: ${each}`));
  }
  return problems;
}
