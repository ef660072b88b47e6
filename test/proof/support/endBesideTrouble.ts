/**
 * One seed of an end without a rival, while a target is in trouble. Where that one stays, what has ended goes, the rest is drift, and
 * nothing gives the ended access back. Where everything ends, all goes but what is in trouble, and that with a later attempt.
 */
import "./sleepless.ts";
import { acceptUpkeep } from "../../../src/application/acceptance/acceptance.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { keysIn, withRevisedTargets } from "../../../src/domain/targets/wanted.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { endVirtualTime } from "../../support/virtualTime.ts";
import { longAgo, offboard } from "./acts.ts";
import { begin, endAll, expired, muchLaterMs, type Verdict } from "./expiryRace.ts";
import { calm } from "./faults.ts";
import { checkGone, checkParts, checkReach, checkSurplus, type Problem } from "./invariants.ts";
import { keepsNamespace } from "./judge.ts";
import { type Control, calmly, operate } from "./operate.ts";
import { roleTargets } from "./roleTargets.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import { createWorld, type World } from "./world.ts";
import { databases } from "./worldCatalog.ts";

type Spoil = NonNullable<Control["spoil"]>;

/** What may be wrong with a database, by its key. */
const ofDatabases: Readonly<Record<string, (key: string) => Spoil>> = {
  gone: (key) => (ports) => ({
    ...ports,
    ...onDatabase(ports, key, () => new PermanentError("UNKNOWN_DATABASE", `${key} is gone`)),
    sqlServers: {
      ...ports.sqlServers,
      async inspect(server) {
        const state = await ports.sqlServers.inspect(server);
        return state && { ...state, databases: state.databases.filter((each) => `${server.alias}/${each}` !== key) };
      },
    },
  }),
  unreachable: (key) => (ports) => ({
    ...ports,
    ...onDatabase(ports, key, () => new TransientError("SQL_UNAVAILABLE", `${key} does not answer`)),
  }),
};

/** And with a target in Azure. */
const ofTargets: Readonly<Record<string, (key: string) => Spoil>> = {
  locked: (key) => (ports) => ({
    ...ports,
    azureResources: {
      ...ports.azureResources,
      locksAt: async (scope) => (isAt(scope, key) ? [{ id: "lock", level: "ReadOnly" }] : []),
    },
    roleAssignments: { ...ports.roleAssignments, ...atScope(ports, ["put", "remove"], key, "ARM_LOCKED") },
  }),
  unreachable: (key) => (ports) => ({
    ...ports,
    roleAssignments: {
      ...ports.roleAssignments,
      ...atScope(ports, ["heldAt", "madeAt", "applyingAt", "get", "put", "remove"], key, "ARM_UNAVAILABLE"),
    },
  }),
};

function onDatabase({ databases: port }: Ports, key: string, failure: () => Error): Pick<Ports, "databases"> {
  return {
    databases: new Proxy(port, {
      get(target, name, receiver) {
        const method: unknown = Reflect.get(target, name, receiver);
        if (typeof method !== "function") return method;
        return async (
          on: { readonly server: { readonly alias: string }; readonly database: string },
          ...more: unknown[]
        ) => {
          if (`${on.server.alias}/${on.database}` === key) throw failure();
          return await Reflect.apply(method, target, [on, ...more]);
        };
      },
    }),
  };
}

type Call = Exclude<keyof Ports["roleAssignments"], "ownPermissions" | "givenTo" | "subscriptions" | "usage">;

function atScope(
  { roleAssignments: port }: Ports,
  calls: readonly Call[],
  key: string,
  code: "ARM_LOCKED" | "ARM_UNAVAILABLE",
): Partial<Ports["roleAssignments"]> {
  const failing = calls.map((name) => {
    const call = async (at: string | { readonly scope: string }, ...more: unknown[]) => {
      if (!isAt(typeof at === "string" ? at : at.scope, key))
        return await Reflect.apply(port[name], port, [at, ...more]);
      throw code === "ARM_LOCKED" ? new PermanentError(code, "locked") : new TransientError(code, "no answer");
    };
    return [name, call] as const;
  });
  return Object.fromEntries(failing);
}

function isAt(scope: string, key: string): boolean {
  return scope.endsWith(`/${key}`);
}

function troublesOf(key: string): typeof ofDatabases {
  if (databases.some(({ server, database }) => `${server}/${database}` === key)) return ofDatabases;
  return Object.hasOwn(roleTargets, key) ? ofTargets : {};
}

export async function endBesideTrouble(
  seed: number,
  { trace, ...control }: Control & { readonly trace?: string[] } = {},
): Promise<Verdict> {
  try {
    return await endNow(seed, control, trace);
  } finally {
    endVirtualTime();
  }
}

async function endNow(seed: number, control: Control, trace?: string[]): Promise<Verdict> {
  const world = createWorld(seed, trace);
  const { dice, faults, by, request } = world;
  const first = await begin(world, control);
  const keys = dice.shuffle(keysIn(request));
  const troubled = keys.find((key) => Object.keys(troublesOf(key)).length > 0);
  const ending = keys.filter((key) => key !== troubled).slice(0, 1 + dice.roll(2));
  if (!first || troubled === undefined || ending.length === 0) return { problems: [], seen: ["nothing stays"] };
  const [name, trouble] = dice.pick(Object.entries(troublesOf(troubled)));
  const isCalm = dice.chance(0.6);
  const amid = { ...control, spoil: trouble(troubled) };
  // An offboarding leaves what is in a database that is gone.
  if (name !== "gone" && dice.chance(0.4)) {
    trace?.push(`— everything ends, and ${troubled} is ${name}`);
    await endAll(world, () => true);
    if (!isCalm) faults.plan = world.weather;
    const problems = await endWhole(world, { first, troubled, amid, control });
    return { problems: problems.map((each) => `${troubled} is ${name}: ${each}`), seen: [name, `everything: ${name}`] };
  }
  await endAll(world, (key) => ending.includes(key));
  trace?.push(`— ${ending.join(", ")} ends, and ${troubled} is ${name}`);
  if (!isCalm) faults.plan = world.weather;

  const problems: Problem[] = [];
  for (let looks = 0; looks < (isCalm ? 1 : 3); looks += 1) {
    if ((await recordIn(world))?.state === "Onboarded" && looks > 0 && !(await isNamed(world))) break;
    const answer = await operate(world, { by, ask: expired(request, looks * muchLaterMs) }, amid);
    if (typeof answer !== "string") problems.push(...answer.problems);
    faults.plan = calm;
  }
  problems.push(...(await judgeEnd(world)));
  const asked = { by, ask: repairOf(world) };
  const repaired = await operate(world, asked, control);
  if (typeof repaired === "string") problems.push(`the repair is refused: ${repaired}`);
  problems.push(...(await judgeRepair(world)));
  await operate(world, offboard(request, by), control);
  problems.push(...checkGone(first, takeSnapshot(world, request), { keepsNamespace: keepsNamespace(world, request) }));
  return { problems: problems.map((each) => `${troubled} is ${name}: ${each}`), seen: [name] };
}

interface WholeEnd {
  readonly first: Snapshot;
  readonly troubled: string;
  readonly amid: Control;
  readonly control: Control;
}

async function endWhole(world: World, { first, troubled, amid, control }: WholeEnd): Promise<readonly Problem[]> {
  const { faults, by, request } = world;
  const problems: Problem[] = [];
  // The last one meets nothing but the trouble.
  for (const looks of [0, 1, 2]) {
    if (looks > 1) faults.plan = calm;
    const answer = await operate(world, { by, ask: expired(request, looks * muchLaterMs) }, amid);
    if (typeof answer !== "string") problems.push(...answer.problems);
  }
  faults.plan = calm;
  const left = withRevisedTargets(request, ({ key }) => (key === troubled ? {} : undefined));
  if ((await recordIn(world)) !== undefined) {
    problems.push(...checkReach(world, left), ...checkNobodyIn(world, request));
    const last = await operate(world, { by, ask: expired(request, 3 * muchLaterMs) }, control);
    if (typeof last === "string") problems.push(`the last attempt is refused: ${last}`);
    else problems.push(...last.problems);
  }
  problems.push(...checkGone(first, takeSnapshot(world, request), { keepsNamespace: keepsNamespace(world, request) }));
  return problems;
}

/** What Mooring made for pods to become the identity. */
function checkNobodyIn(world: World, request: OnboardingRequest): readonly Problem[] {
  return checkSurplus(world, { ...request, identityMode: "workloadIdentity", serviceAccount: "nobody" });
}

function recordIn(world: World): Promise<NamespaceRecord | undefined> {
  return calmly(world, () => world.registry.getNamespace(world.request));
}

async function isNamed(world: World): Promise<boolean> {
  return JSON.stringify((await recordIn(world))?.request).includes(longAgo);
}

function repairOf({ request }: World) {
  return (acceptance: Parameters<typeof acceptUpkeep>[0]) =>
    acceptUpkeep(acceptance, "Repairing", { namespaceRef: request, prepare: () => ({}) });
}

async function judgeEnd(world: World): Promise<readonly Problem[]> {
  const record = await recordIn(world);
  if (record?.state !== "Onboarded") return [`the namespace is ${record?.state}`];
  const named = (await isNamed(world)) ? ["what has ended is still in the request"] : [];
  return [...named, ...checkReach(world, record.request, record.findings)];
}

async function judgeRepair(world: World): Promise<readonly Problem[]> {
  const record = await recordIn(world);
  if (record?.state !== "Onboarded") return [`after the repair the namespace is ${record?.state}`];
  const found = [...checkParts(world, record.request), ...checkReach(world, record.request, record.findings)];
  return found.map((each) => `after the repair: ${each}`);
}
