/**
 * One seed of another kind of world: batches of several namespaces, sent once or twice, concurrently with each other and with
 * other requests for the same namespaces, canceled, broken off, approved and rejected, until nothing is left.
 */

import type { AcceptanceContext, Accepted } from "../../../src/application/acceptance/acceptance.ts";
import { acceptBatch, acceptNamespaceBatch } from "../../../src/application/batch/acceptBatch.ts";
import { chooseNamespaces } from "../../../src/application/batch/chooseNamespaces.ts";
import type { Caller } from "../../../src/domain/access/caller.ts";
import { identityName, type NamespaceRef, namespaceKey } from "../../../src/domain/naming/names.ts";
import { end, isHeld } from "../../../src/domain/operation/lifecycle.ts";
import { MigrationPhase } from "../../../src/domain/operation/migration.ts";
import type { Chosen, NamespaceWork } from "../../../src/domain/operation/namespaceBatch.ts";
import type { NamespaceFilter } from "../../../src/domain/operation/namespaceFilter.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { isFinal } from "../../../src/domain/operation/operation.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { offboard, onboard } from "./acts.ts";
import { type BatchHost, createBatchHost, type Watched, type Watcher } from "./batchHost.ts";
import { checkBatches, type Performed } from "./batchInvariants.ts";
import { blue, green, operator, red } from "./callers.ts";
import { calm } from "./faults.ts";
import { incompleteRecord } from "./furnish.ts";
import { checkGone, checkParts, type Problem } from "./invariants.ts";
import { keepsNamespace } from "./judge.ts";
import { type Asked, askOnceMore, askUntilAnswered, type Control, calmly, operate } from "./operate.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import { checkVisitors } from "./visitors.ts";
import type { World } from "./world.ts";
import { createRequest } from "./worldRequests.ts";

export interface BatchVerdict {
  readonly problems: readonly Problem[];
  readonly seen: readonly string[];
}

const others = ["team-b", "team-c", "team-d", "team-e"];

export async function simulateBatch(plain: World, control: Control, isOfNamespaces: boolean): Promise<BatchVerdict> {
  const world = withLanes(plain);
  const { dice, faults, registry } = world;
  const namespaces = ["team", ...others.slice(0, 1 + dice.roll(others.length))];
  const requests = namespaces.map((namespace) =>
    namespace === "team" ? world.request : createRequest(dice, { namespace }),
  );
  const seen: string[] = [];
  const problems: Problem[] = [];
  if (world.hasRemains) await registry.insertNamespace(incompleteRecord(world));
  const first = new Map(requests.map((request) => [namespaceKey(request), own(world, request, namespaces)]));
  if (isOfNamespaces) await furnishSome(world, requests, { control, share: 0.9 });
  else await furnishSome(world, requests.slice(1), { control, share: 0.2 });

  const changing = isOfNamespaces ? await planOfNamespaces(world, requests, control) : undefined;
  const owners = new Map(requests.map((request) => [request, findRecord(world, request)]));
  const watcher = watch(world, namespaces);
  const host = createBatchHost(world, control, watcher);
  faults.plan = world.weather;
  const sendings = await host.accept(() =>
    Promise.all((changing ?? plan(world, requests)).map((each) => send(world, host, each))),
  );
  await host.runToEnd();
  faults.plan = calm;
  problems.push(...host.problems);
  seen.push(...host.seen);
  for (const { again } of sendings) problems.push(...(await again()));

  const all = { first, performed: watcher.performed, answered: sendings.flatMap(({ batches }) => batches) };
  const { problems: wrong, seen: outcomes } = await checkBatches(world, all);
  problems.push(...wrong);
  seen.push(...outcomes);

  for (const request of requests) {
    const record = await registry.getNamespace(request);
    if (!record) continue;
    const owner = owners.get(request);
    const isFree = watcher.performed.some(({ id }) => findOperation(world, id)?.kind === "offboard");
    if (owner && owner.team !== record.team && !isFree) {
      problems.push(`${request.namespace} was ${owner.team}'s and is ${record.team}'s`);
    }
    const ended = await operate(world, offboard(request, operator), control);
    const operation =
      typeof ended === "object" && ended.operation ? await registry.getOperation(ended.operation) : undefined;
    if (operation?.error?.code === "SQL_USER_OWNS_SCHEMA") continue;
    if (operation?.status !== "Succeeded") {
      problems.push(`the last offboarding of ${request.namespace} is ${JSON.stringify(operation?.error ?? ended)}`);
      continue;
    }
    const before = first.get(namespaceKey(request)) ?? new Map();
    const gone = checkGone(before, own(world, request, namespaces), {
      keepsNamespace: keepsNamespace(world, operation),
    });
    problems.push(...gone.map((each) => `offboarded ${request.namespace}: ${each}`));
  }
  problems.push(...checkVisitors(world.visitors, world.objects));
  if (!(await world.verifyAudit())) problems.push("the chain of the audit trail is broken");
  return { problems, seen };
}

function withLanes(world: World): World {
  const lanes = 1 + world.dice.roll(3);
  const catalog = { ...world.catalog, batch: { lanes } };
  return { ...world, catalog, portsOf: (call) => ({ ...world.portsOf(call), catalog }) };
}

/** Onboards some of them beforehand, by the same request or a different one, for various teams. */
async function furnishSome(
  world: World,
  requests: readonly OnboardingRequest[],
  { control, share }: { control: Control; share: number },
): Promise<void> {
  const { dice } = world;
  for (const request of requests) {
    if (!dice.chance(share)) continue;
    const wanted = dice.chance(0.5) ? request : createRequest(dice, request);
    const by = dice.pick([operator, green, red]);
    await calmly(world, () => operate(world, onboard(wanted, by), { ...control, spoil: undefined }));
  }
}

type Which = Parameters<typeof chooseNamespaces>[2];

interface Sent {
  readonly what: string;
  readonly isBatch: boolean;
  readonly by: Caller;
  readonly ask: (acceptance: AcceptanceContext, index: number, operation?: string) => Promise<Accepted | undefined>;
  readonly times: number;
  readonly key?: string;
}

/** A batch of all of them, and other simultaneous requests. */
function plan({ dice }: World, requests: readonly OnboardingRequest[]): readonly Sent[] {
  const batchOf = (wanted: readonly OnboardingRequest[], by: Caller): Sent => ({
    what: `batch of ${wanted.map(({ namespace }) => namespace)} by ${by.id}`,
    isBatch: true,
    by,
    ask: async (acceptance, _index, id) => ({
      operation: await acceptBatch(acceptance, wanted, id, { isRemovalConfirmed: true }),
      kind: "onboard",
      isNew: true,
    }),
    times: dice.pick([1, 1, 1, 2]),
    ...(dice.chance(0.4) ? { key: `key-${dice.next()}` } : {}),
  });
  const by = dice.pick([operator, operator, green, green, blue]);
  const sent = [batchOf(dice.shuffle(requests), by)];
  if (dice.chance(0.25)) {
    const some = dice.shuffle(requests).slice(0, 2);
    const wanted = some.map((each) => (dice.chance(0.5) ? each : createRequest(dice, each)));
    sent.push(batchOf(wanted, dice.pick([by, operator, green])));
  }
  if (dice.chance(0.4)) {
    const one = dice.pick(requests);
    const wanted = dice.chance(0.5) ? one : createRequest(dice, one);
    const act = dice.chance(0.7) ? onboard(wanted, dice.pick([by, red])) : offboard(one, by);
    sent.push({
      what: `${act.name} ${one.namespace} by ${act.by.id}`,
      isBatch: false,
      by: act.by,
      ask: act.ask,
      times: 1,
    });
  }
  return sent;
}

/** One action, or two at the same time, on the existing namespaces, and other simultaneous requests. */
async function planOfNamespaces(
  world: World,
  requests: readonly OnboardingRequest[],
  control: Control,
): Promise<readonly Sent[]> {
  const { dice } = world;
  const sent = [await overNamespaces(world, requests, control)];
  if (dice.chance(0.25)) sent.push(await overNamespaces(world, requests, control));
  // An onboarding batch or a single request changes, removes or holds what was chosen.
  if (dice.chance(0.5)) sent.push(...plan(world, requests).slice(dice.roll(2)));
  return sent;
}

async function overNamespaces(world: World, requests: readonly OnboardingRequest[], control: Control): Promise<Sent> {
  const { dice } = world;
  const by = dice.pick([operator, operator, green, blue]);
  const work = dice.pick<NamespaceWork>([
    { action: "verify" },
    { action: "repair" },
    { action: "migrate", to: "workloadIdentity", until: dice.pick(MigrationPhase.options) },
    { action: "offboard", ignoreDependants: false },
  ]);
  const some = dice.shuffle(requests).slice(0, 1 + dice.roll(requests.length));
  const which = dice.chance(0.6)
    ? { filter: dice.pick<NamespaceFilter>([{}, {}, { state: "Onboarded" }, { team: "green" }, { findings: "none" }]) }
    : { namespaces: some.map(({ cluster, namespace }) => ({ cluster, namespace })) };
  const before = dice.chance(0.3) ? await chosenBefore(world, { by, which, requests }, control) : undefined;
  return {
    what: `${work.action} over ${JSON.stringify(which)} by ${by.id}`,
    isBatch: true,
    by,
    async ask(acceptance, _index, id) {
      const choose = async () => before ?? (await chooseNamespaces(acceptance.ports, by, which));
      return { operation: await acceptNamespaceBatch(acceptance, { work, choose }, id), kind: "repair", isNew: true };
    },
    times: dice.pick([1, 1, 1, 2]),
    ...(dice.chance(0.4) ? { key: `key-${dice.next()}` } : {}),
  };
}

/** Chooses the namespaces, some of which somebody else then changes or offboards before it is their turn. */
async function chosenBefore(
  world: World,
  { by, which, requests }: { by: Caller; which: Which; requests: readonly OnboardingRequest[] },
  control: Control,
): Promise<readonly Chosen[] | undefined> {
  const { dice, registry } = world;
  const calm = { ...control, spoil: undefined };
  const chosen = await calmly(world, () => chooseNamespaces({ registry }, by, which)).catch(() => undefined);
  for (const request of requests.filter(() => dice.chance(0.4))) {
    const act = dice.chance(0.3) ? offboard(request, operator) : onboard(createRequest(dice, request), operator);
    await calmly(world, () => operate(world, act, calm));
  }
  return chosen;
}

interface Sending {
  /** The batch ids in the answers to the senders. */
  readonly batches: readonly string[];
  readonly again: () => Promise<readonly Problem[]>;
}

async function send(world: World, host: BatchHost, { what, isBatch, by, ask, times, key }: Sent): Promise<Sending> {
  world.faults.trace?.push(`— ${what}, ${times} time(s)${key === undefined ? "" : " with a key"}`);
  const asked: Asked = { by, ask, ...(key === undefined ? {} : { key }) };
  const answers = await Promise.all(
    Array.from({ length: times }, (_, index) =>
      askUntilAnswered(world, host.acceptanceContextOf(by), { ...asked, index }),
    ),
  );
  const told = answers.flatMap((each) => (typeof each === "object" ? [each.operation] : []));
  const [answer] = answers;
  world.faults.trace?.push(`— told ${JSON.stringify(answers)}`);
  return {
    batches: isBatch ? told : [],
    async again() {
      if (key === undefined) return [];
      const differ = new Set(told).size > 1 ? [`the same key got ${told}`] : [];
      if (typeof answer !== "object") return differ;
      return [...differ, ...(await askOnceMore(world, host.acceptanceContextOf(by), asked, answer))];
    },
  };
}

/** Records what each operation found and what it left in the world. */
function watch(world: World, namespaces: readonly string[]): Watcher & { readonly performed: readonly Performed[] } {
  const performed: (Performed & { after?: Snapshot; lacking?: readonly Problem[] })[] = [];
  return {
    performed,
    begins(watched: Watched) {
      const { namespaceRef } = watched;
      const before = own(world, namespaceRef, namespaces);
      const last = performed.findLast((each) => namespaceKey(each.namespaceRef) === namespaceKey(namespaceRef));
      // The call of `ends` may still be pending, although the gate is open.
      if (last && !last.after) last.after = before;
      const record = findRecord(world, namespaceRef);
      // An offboarding keeps the previous state in a separate place.
      const untouched = { status: "Failed", leftBehind: false, isUntouched: true } as const;
      const isOnThere = record && isHeld(record) && !["Onboarding", "Changing"].includes(record.state);
      const previous = isOnThere ? end(record, untouched, "") : record?.previous;
      performed.push({ ...watched, before, previous, things: record?.things });
    },
    ends(id) {
      const one = performed.find((each) => each.id === id);
      // A resumed operation ends once more; by then, another may have begun.
      const isLast =
        performed.findLast((each) => one && namespaceKey(each.namespaceRef) === namespaceKey(one.namespaceRef)) === one;
      if (!one || (one.after && !isLast)) return;
      one.after = own(world, one.namespaceRef, namespaces);
      const operation = findOperation(world, id);
      if (operation && isFinal(operation.status)) one.lacking = checkParts(world, operation.request);
    },
  };
}

function findRecord({ rows }: World, namespaceRef: NamespaceRef): NamespaceRecord | undefined {
  const all = [...(rows.get("MooringNamespaces")?.values() ?? [])].map(({ record }) => record as NamespaceRecord);
  return all.find((record) => namespaceKey(record) === namespaceKey(namespaceRef));
}

function findOperation({ rows }: World, id: string): OperationRecord | undefined {
  const all = [...(rows.get("MooringOperations")?.values() ?? [])].map(({ record }) => record as OperationRecord);
  return all.find((record) => record.id === id);
}

/** The snapshot of that namespace; for the first one, also what belongs to no namespace. */
function own(world: World, namespaceRef: NamespaceRef, namespaces: readonly string[]): Snapshot {
  const isOf = (key: string, namespace: string) => {
    const name = identityName({ cluster: namespaceRef.cluster, namespace });
    const isObject = key.includes(` ${namespace}/`) || key === `object v1 Namespace /${namespace}`;
    return key.startsWith("object ") ? isObject : key.includes(name);
  };
  const rest = namespaces.filter((namespace) => namespace !== namespaceRef.namespace);
  const isFirst = namespaceRef.namespace === namespaces[0];
  return new Map(
    [...takeSnapshot(world, namespaceRef)].filter(([key]) =>
      isFirst ? !rest.some((namespace) => isOf(key, namespace)) : isOf(key, namespaceRef.namespace),
    ),
  );
}
