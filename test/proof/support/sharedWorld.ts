/**
 * One seed of a third kind of world: a namespace and others that use its identity, which come, change, are repaired and go, several at
 * the same time, with dying processes, late answers and cancels, until nothing is left.
 */
import "./sleepless.ts";
import type { Caller } from "../../../src/domain/access/caller.ts";
import {
  automaticCredential,
  federatedCredentialName,
  identityBindingName,
  identityName,
  type NamespaceRef,
  namespaceKey,
  useRoleName,
} from "../../../src/domain/naming/names.ts";
import { isPast, MigrationPhase, migrated, modeLeft, targetOf } from "../../../src/domain/operation/migration.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import type { IdentityMode } from "../../../src/domain/request/request.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import "../../../src/orchestrations/changeNamespace.ts";
import "../../../src/orchestrations/compensateOperation.ts";
import "../../../src/orchestrations/migration.ts";
import "../../../src/orchestrations/offboardNamespace.ts";
import "../../../src/orchestrations/onboardNamespace.ts";
import "../../../src/orchestrations/repairNamespace.ts";
import { createDice, type Dice } from "test-support/random";
import { mayBind } from "../../../src/resources/definitions/identityMembers.ts";
import { lacksOf } from "../../../src/resources/identity/sharing.ts";
import { endVirtualTime } from "../../support/virtualTime.ts";
import { type Act, compensate, migrate, offboard, onboard, repair, takeOver, wayBack } from "./acts.ts";
import { createBatchHost } from "./batchHost.ts";
import { green, operator, red } from "./callers.ts";
import { deployPod, modesOfPods, removePods } from "./drift.ts";
import { calm, type Script } from "./faults.ts";
import { checkParts, checkReach, checkSurplus, type Problem } from "./invariants.ts";
import { lifelinesOf } from "./judge.ts";
import { askUntilAnswered, type Control, calmly, operate } from "./operate.ts";
import { createHomeDeeds } from "./sharedDeeds.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import { createWorld, type World } from "./world.ts";
import { withBindings } from "./worldCatalog.ts";
import { createRequest, withWishes } from "./worldRequests.ts";

export interface SharedVerdict {
  readonly problems: readonly Problem[];
  readonly seen: readonly string[];
}

const cluster = "aks";
const home: NamespaceRef = { cluster, namespace: "team-home" };
const guests: readonly NamespaceRef[] = ["team-g", "team-h"].map((namespace) => ({ cluster, namespace }));
const all = [home, ...guests];
const accounts = ["app", "worker"];

export async function simulateShared(
  seed: number,
  { trace, ...control }: Control & { readonly trace?: string[] } = {},
): Promise<SharedVerdict> {
  try {
    return await simulateNow(withSharing(createWorld(seed, trace)), control);
  } finally {
    endVirtualTime();
  }
}

interface SharedWorld extends World {
  /** How often somebody of another team asks for one of the namespaces. */
  readonly strangers: { readonly dice: Dice; readonly chance: number };
}

/** More of them than of the other worlds have bindings, without which a guest has one mode. */
function withSharing(world: World): SharedWorld {
  const { seed, catalog: plain } = world;
  const isOfAks = plain.clusters[cluster]?.kind === "aks";
  const binds = world.binds || (isOfAks && createDice(seed ^ 0x5b1d).chance(0.6));
  const offered = binds && !world.binds ? withBindings(plain) : plain;
  const catalog = { ...offered, sharedIdentities: { [namespaceKey(home)]: { clusters: [cluster] } } };
  // Separate dice, so that most worlds stay the same.
  const strange = createDice(seed ^ 0x57a6);
  const strangers = { dice: strange, chance: strange.pick([0, 0, 0, 0.2]) };
  return { ...world, binds, catalog, strangers, portsOf: (call) => ({ ...world.portsOf(call), catalog }) };
}

async function simulateNow(world: SharedWorld, control: Control): Promise<SharedVerdict> {
  const { dice, faults, weather } = world;
  const first = takeSnapshot(world, home);
  const problems: Problem[] = [];
  const seen: string[] = [];
  const deeds = createHomeDeeds({ world, control, home, problems, seen });
  for (let rounds = 2 + dice.roll(4); rounds > 0; rounds -= 1) {
    const acts = await chooseActs(world);
    const isWhole = (each: NamespaceRecord | undefined) => each?.state === "Onboarded" && each.migration === undefined;
    const lasting = await deeds.happen({
      guest: guests.map((namespaceRef) => recordOf(world, namespaceRef)).find(isWhole),
      absent: guests.find((namespaceRef) => !recordOf(world, namespaceRef)),
    });
    const before = takeSnapshot(world, home);
    faults.plan = weather;
    const host = createBatchHost(world, control, { begins: () => undefined, ends: () => undefined });
    await host.accept(async () => {
      await Promise.all(acts.map((act) => send(act, host.acceptanceContextOf(act.by), { world, seen })));
    });
    await host.runToEnd();
    faults.plan = calm;
    faults.landAll();
    const missed = (await lasting?.end()) ?? [];
    const touched = lasting ? [...acts, repair(home, operator)] : acts;
    const found = [
      ...missed,
      ...check(world),
      ...acts.flatMap((act) => checkPods(world, act)),
      ...checkOthers(touched, before, takeSnapshot(world, home)),
    ];
    problems.push(...host.problems, ...found.map((each) => `after ${acts.map(tell)}: ${each}`));
    seen.push(...outcomes(world));
  }

  problems.push(...(await leaveAll(world, { control, first })));
  return { problems, seen };
}

/** Guests first, then their home, until nothing is left. */
async function leaveAll(
  world: World,
  { control, first }: { readonly control: Control; readonly first: Snapshot },
): Promise<readonly Problem[]> {
  const { registry } = world;
  const problems: Problem[] = [];
  removePods(world);
  for (const namespaceRef of [...guests, home]) {
    if (!(await registry.getNamespace(namespaceRef))) continue;
    const ended = await operate(world, offboard(namespaceRef, operator), control);
    const id = typeof ended === "object" ? ended.operation : undefined;
    const operation = id === undefined ? undefined : await registry.getOperation(id);
    if (operation?.status !== "Succeeded") {
      problems.push(
        `the last offboarding of ${namespaceKey(namespaceRef)} is ${JSON.stringify(operation?.error ?? ended)}`,
      );
    }
    problems.push(...check(world).map((each) => `after the last offboarding of ${namespaceRef.namespace}: ${each}`));
  }
  problems.push(...differences(first, takeSnapshot(world, home)));
  if (!(await world.verifyAudit())) problems.push("the chain of the audit trail is broken");
  return problems;
}

/** What one of them does in callMatrix.ts, where one call fails: a guest, whose home and another guest are there, or a home with both. */
export interface SharedTrial {
  readonly whose: "guest" | "home";
  readonly deed: "onboard" | "change" | "repair" | "migrate" | "offboard";
  readonly script: Script;
  readonly control: Control;
}

/** Undefined where the world does not allow it. */
export async function tryShared(
  plain: World,
  { whose, deed, script, control }: SharedTrial,
): Promise<{ readonly operation: OperationRecord | undefined; readonly problems: readonly Problem[] } | undefined> {
  const world = withSharing(plain);
  const { faults, registry } = world;
  const [guest = home, other = home] = guests;
  const first = takeSnapshot(world, home);
  const play = async (act: Act) => {
    const ended = await operate(world, act, control);
    const id = typeof ended === "object" ? ended.operation : undefined;
    return id === undefined ? undefined : await registry.getOperation(id);
  };
  const come = async (request: OnboardingRequest) => (await play(onboard(request, green)))?.status === "Succeeded";
  // Without guests, a home is like any other namespace; with them, it does not go.
  if (whose === "home" && (deed === "onboard" || deed === "offboard")) return undefined;
  const comesFirst = deed === "onboard" ? [home, other] : [home, other, guest];
  for (const namespaceRef of comesFirst) if (!(await come(requestOf(world, namespaceRef)))) return undefined;
  const act = actOf(world, whose === "home" ? home : guest, deed);
  if (!act) return undefined;
  const before = takeSnapshot(world, home);
  faults.script = script;
  const operation = await play(act);
  faults.script = undefined;
  const found = [...check(world), ...checkPods(world, act), ...checkOthers([act], before, takeSnapshot(world, home))];
  return { operation, problems: [...found, ...(await leaveAll(world, { control, first }))] };
}

function requestOf(world: World, namespaceRef: NamespaceRef): OnboardingRequest {
  return namespaceRef === home ? homeRequest(world) : guestRequest(world, namespaceRef);
}

function actOf(world: World, namespaceRef: NamespaceRef, deed: SharedTrial["deed"]): Act | undefined {
  const { request } = recordOf(world, namespaceRef) ?? {};
  const aim = modesOf(world, namespaceRef).find((mode) => mode !== request?.identityMode);
  switch (deed) {
    case "onboard":
      return onboard(requestOf(world, namespaceRef), green);
    case "change":
      return onboard(
        namespaceRef === home && request ? wider(request, homeRequest(world)) : requestOf(world, namespaceRef),
        green,
      );
    case "repair":
      return repair(namespaceRef, green);
    case "migrate":
      return aim && migrate(namespaceRef, green, { to: aim, until: "retire" });
    case "offboard":
      return offboard(namespaceRef, green);
  }
}

/** With the databases of both, since its guests keep what they have asked for, and another service account. */
function wider(request: OnboardingRequest, { databases, serviceAccount }: OnboardingRequest): OnboardingRequest {
  const has = new Set(request.databases.map(({ server, database }) => `${server}/${database}`));
  const more = databases.filter(({ server, database }) => !has.has(`${server}/${database}`));
  return { ...request, databases: [...request.databases, ...more], serviceAccount };
}

function tell({ name, namespaceRef }: Act): string {
  return `${name} ${namespaceRef.namespace}`;
}

/** Each for another namespace. */
async function chooseActs(world: SharedWorld): Promise<readonly Act[]> {
  const { dice } = world;
  const record = recordOf(world, home);
  // Without a home, guests are refused, which most worlds need not see.
  const chosen = record || dice.chance(0.2) ? dice.shuffle(all).slice(0, 1 + dice.roll(all.length)) : [home];
  const acts: Act[] = [];
  for (const namespaceRef of chosen) acts.push(await chooseAct(world, namespaceRef));
  return acts;
}

async function chooseAct(world: SharedWorld, namespaceRef: NamespaceRef): Promise<Act> {
  const { dice, registry, strangers } = world;
  const record = recordOf(world, namespaceRef);
  const by: Caller = dice.pick([green, green, operator]);
  const wanted = () => requestOf(world, namespaceRef);
  // Another team asks for it, or gets it if nobody needs the identity.
  if (strangers.dice.chance(strangers.chance)) return record ? takeOver(wanted()) : onboard(wanted(), red);
  if (!record) return onboard(wanted(), green);
  const last = await calmly(world, () => registry.getOperation(record.operation));
  if (last?.leftUndone && dice.chance(0.6)) {
    // Only a failed migration leaves its namespace onboarded with undos still to run.
    return record.state === "Incomplete" ? compensate(last.id, record, by) : wayBack(last.id, record, by);
  }
  const modes = modesOf(world, namespaceRef);
  const migrates = namespaceRef === home ? 0.15 : 0.5;
  if (record.state === "Onboarded" && modes.length > 1 && dice.chance(record.migration ? 0.7 : migrates)) {
    return chooseMigration(world, record, { by, modes });
  }
  const choice = dice.next();
  if (choice < 0.3) return offboard(record, by);
  if (choice < 0.5 && record.state === "Onboarded") return repair(record, by);
  return onboard(choice < 0.6 ? record.request : wanted(), green);
}

/** Pod identity cannot be shared, but its namespace may have it. */
function modesOf({ catalog }: World, namespaceRef: NamespaceRef): readonly IdentityMode[] {
  const { identityModes = [] } = catalog.clusters[cluster] ?? {};
  return identityModes.filter((mode) => namespaceRef === home || mode !== "podIdentity");
}

/** A stopped one mostly goes on or back. Some pods keep the mode that they have. */
function chooseMigration(
  world: World,
  record: NamespaceRecord,
  { by, modes }: { readonly by: Caller; readonly modes: readonly IdentityMode[] },
): Act {
  const { dice } = world;
  const { request, migration } = record;
  const others = modes.filter((mode) => mode !== request.identityMode);
  const to = dice.pick(migration && dice.chance(0.8) ? [targetOf(migration), modeLeft(migration)] : others);
  for (const key of podsIn(world, record).keys()) world.objects.delete(key);
  if (dice.chance(0.3)) deployPod(world, { ...request, ...(migration ? { selector: migration.selector } : {}) });
  const serviceAccount = dice.pick([undefined, undefined, "app", "worker"]);
  return migrate(record, by, { to, until: dice.pick(MigrationPhase.options), serviceAccount });
}

function podsIn({ objects }: World, { namespace }: NamespaceRef): World["objects"] {
  return new Map([...objects].filter(([, { ref }]) => ref.kind === "Pod" && ref.namespace === namespace));
}

/** With all that the world's catalog has besides. */
function homeRequest(world: World): OnboardingRequest {
  const binds = world.binds && world.dice.chance(0.5);
  return withWishes({ ...world, binds, hasRemains: false }, createRequest(world.dice, home));
}

/** Mostly a part of what its home has, or is about to have. */
function guestRequest(world: World, namespaceRef: NamespaceRef): OnboardingRequest {
  const { dice, binds } = world;
  const plain = createRequest(dice, namespaceRef);
  const { databases: has = [], targets = [] } = recordOf(world, home)?.request ?? {};
  const some = dice.shuffle(has).slice(0, 1 + dice.roll(2));
  const part = some.map(({ roles, ...database }) => ({ ...database, roles: dice.shuffle(roles).slice(0, 1) }));
  const isPart = part.length > 0 && dice.chance(0.85);
  const others = isPart && dice.chance(0.6) ? dice.shuffle(targets).slice(0, 1) : [];
  return OnboardingRequest.parse({
    ...plain,
    ...(isPart ? { databases: part } : {}),
    ...(others.length > 0 ? { targets: others } : {}),
    identityMode: binds && dice.chance(0.4) ? "identityBinding" : "workloadIdentity",
    sharedIdentity: namespaceKey(home),
  });
}

async function send(
  act: Act,
  acceptanceContextOf: Parameters<typeof askUntilAnswered>[1],
  { world, seen }: { readonly world: World; readonly seen: string[] },
): Promise<void> {
  world.faults.trace?.push(`— ${tell(act)} by ${act.by.id}`);
  const answer = await askUntilAnswered(world, acceptanceContextOf, { ...act, index: 0 });
  if (typeof answer === "string") seen.push(`${act.name} refused ${answer}`);
}

function rowsIn<R>({ rows }: World, table: string): readonly R[] {
  return [...(rows.get(table)?.values() ?? [])].map(({ record }) => record as R);
}

function recordOf(world: World, namespaceRef: NamespaceRef): NamespaceRecord | undefined {
  return rowsIn<NamespaceRecord>(world, "MooringNamespaces").find(
    (each) => namespaceKey(each) === namespaceKey(namespaceRef),
  );
}

function outcomes(world: World): readonly string[] {
  return rowsIn<OperationRecord>(world, "MooringOperations").map(({ kind, namespace, status, error }) =>
    `${namespace === home.namespace ? "home" : "guest"} ${kind} ${status} ${error?.code ?? ""}`.trim(),
  );
}

/** While no operation holds any of them. */
function check(world: World): readonly Problem[] {
  const own = recordOf(world, home);
  return [
    ...(own?.state === "Onboarded" ? [...checkModes(world, own), ...checkReach(world, own.request)] : []),
    ...guests.flatMap((namespaceRef) => {
      const record = recordOf(world, namespaceRef);
      const found = record ? checkGuest(world, record, own) : checkAbsent(world, namespaceRef);
      return found.map((each) => `${namespaceRef.namespace}: ${each}`);
    }),
    ...checkBindings(world),
    ...checkNames(world, own),
  ];
}

/** A home names nobody who has left. Where that could not be written, the end of the next guest that leaves takes the name off. */
function checkNames(world: World, own: NamespaceRecord | undefined): readonly Problem[] {
  const { passing, deaths, refused, down } = world.weather;
  if (passing + deaths + world.engine.breaks > 0 || refused || down) return [];
  const there = all.filter((namespaceRef) => recordOf(world, namespaceRef)).map(namespaceKey);
  return (own?.guests ?? []).filter((key) => !there.includes(key)).map((key) => `its home names ${key}, which is gone`);
}

/** A migration that stopped leaves the mode that the namespace has whole and, from its second phase on, the other one beside it. */
function checkModes(world: World, { request, migration }: NamespaceRecord): readonly Problem[] {
  if (!migration || migration.hasRemains) return checkParts(world, request);
  const isBeside = isPast(migration.completed, "sideBySide");
  const both = isBeside ? [request, migrated(request, migration)] : [request];
  return [...new Set(both.flatMap((each) => checkParts(world, each)))];
}

/** A migration takes the old mode from no pod that still has it. */
function checkPods(world: World, { name, namespaceRef }: Act): readonly Problem[] {
  const record = recordOf(world, namespaceRef);
  if (name !== "migrate" || !record) return [];
  const things = takeSnapshot(world, home);
  const { serviceAccount } = { ...record.request, ...record.migration };
  return [...modesOfPods({ ...world, objects: podsIn(world, namespaceRef) })].flatMap((mode) =>
    lifelinesOf[mode](record.request, serviceAccount)
      .filter((key) => !things.has(key))
      .map((key) => `a pod has lost ${key}`),
  );
}

/** Whoever did nothing keeps what it had, as it was. */
function checkOthers(acts: readonly Act[], before: Snapshot, after: Snapshot): readonly Problem[] {
  const isActing = ({ namespace }: NamespaceRef) =>
    acts.some(({ namespaceRef }) => namespaceRef.namespace === namespace);
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const owner = ownerOf(key);
    if (!owner || isActing(owner) || before.get(key)?.content === after.get(key)?.content) return [];
    return [`not ${owner.namespace}'s to ${after.has(key) ? "change" : "lose"}: ${key}`];
  });
}

/** What is no guest's is the home's. Azure's credential is of all that bind. */
function ownerOf(key: string): NamespaceRef | undefined {
  if (key.endsWith(`/${automaticCredential}`)) return undefined;
  return guests.find((guest) => isNamedFor(guest, key)) ?? home;
}

function isNamedFor(guest: NamespaceRef, key: string): boolean {
  const credentials = accounts.map((account) => federatedCredentialName(guest, account));
  const names = [...credentials, identityBindingName(guest), useRoleName(guest), ` ${guest.namespace}/`];
  return names.some((name) => key.includes(name)) || key.endsWith(`/${guest.namespace}`);
}

/** Whatever became of its home, a guest has what its own record says. */
function checkGuest(world: World, record: NamespaceRecord, own: NamespaceRecord | undefined): readonly Problem[] {
  const { state, request, migration } = record;
  if (state !== "Onboarded") return [];
  const lacking = own ? lacksOf(own.request, request) : ["everything"];
  const isOfOthers = own !== undefined && own.team !== record.team;
  const isOfUser = (problem: Problem) => problem.startsWith("user in ");
  return [
    ...checkModes(world, record).filter((problem) => !isOfUser(problem)),
    ...checkAccess(world, request),
    // In the middle of a migration nothing is left over.
    ...(migration ? [] : checkSurplus(world, request)),
    ...lacking.map((each) => `its home does not have ${each}`),
    ...(own?.guests?.includes(namespaceKey(request)) ? [] : ["its home does not know it"]),
    ...(isOfOthers ? [`it is of team ${record.team}, its home of ${own.team}`] : []),
  ];
}

/** What lets the identity do what a bundle means, each of them. Its home may have more than the guest asks for. */
const waysTo: Readonly<Record<string, readonly string[]>> = {
  reader: ["mooring_reader", "mooring_writer", "db_datareader"],
  writer: ["mooring_writer", "db_datawriter"],
  executor: ["mooring_executor", "EXECUTE"],
};

function checkAccess({ users }: World, { databases }: OnboardingRequest): readonly Problem[] {
  return databases.flatMap(({ server, database, roles }) => {
    const key = `${server}/${database}`;
    const user = users.get(key)?.get(identityName(home));
    const held = [...(user?.roles ?? []), ...(user?.permissions ?? [])];
    const lacking = roles.filter((role) => {
      const own = role.startsWith("role:") ? role.slice("role:".length) : `mooring_${role.replace("@", "_")}`;
      // What the home has on the whole database, it has on each schema.
      const [bundle = ""] = role.split("@");
      return ![...(waysTo[bundle] ?? []), own].some((way) => held.includes(way));
    });
    return lacking.map((role) => `it is no ${role} in ${key}`);
  });
}

/** Nothing of it is left in the cluster, and nothing lets its pods become the identity. */
function checkAbsent(world: World, namespaceRef: NamespaceRef): readonly Problem[] {
  const names = accounts.map((account) => federatedCredentialName(namespaceRef, account));
  const credentials = world.azure.identities.has(identityName(home))
    ? (world.azure.credentials.get(identityName(home)) ?? [])
    : [];
  const objects = [...takeSnapshot(world, namespaceRef).values()].filter(({ key, madeBy }) => {
    return madeBy !== undefined && /^(object|user|role|identity) /.test(key);
  });
  return [
    ...credentials.filter(({ name }) => names.includes(name)).map(({ name }) => `left behind: credential ${name}`),
    ...objects.map(({ key }) => `left behind: ${key}`),
  ];
}

/** Without a namespace that binds the identity, nothing does. */
function checkBindings(world: World): readonly Problem[] {
  const { azure } = world;
  const records = all.flatMap((namespaceRef) => recordOf(world, namespaceRef) ?? []);
  if (records.some((record) => record.state === "Incomplete" || mayBind(record))) return [];
  const bound = [...azure.bindings.values()].filter(({ identityId }) => identityId.endsWith(`/${identityName(home)}`));
  const isThere = azure.identities.has(identityName(home));
  const automatic = (azure.credentials.get(identityName(home)) ?? []).filter(
    ({ name }) => name === automaticCredential,
  );
  return [
    ...bound.map(({ name }) => `left behind: binding ${name}`),
    ...(isThere ? automatic : []).map(({ name }) => `left behind: credential ${name}`),
  ];
}

/** Namespaces that the last request wanted to keep stay, without Mooring's mark. */
function differences(first: Snapshot, last: Snapshot): readonly Problem[] {
  const kept = new Set(all.map(({ namespace }) => `object v1 Namespace /${namespace}`));
  const isKept = (key: string) => kept.has(key) && last.get(key)?.madeBy === undefined;
  return [
    ...[...last].filter(([key, { content }]) => !isKept(key) && first.get(key)?.content !== content),
    ...[...first].filter(([key]) => !last.has(key)),
  ].map(([key]) => `other than before: ${key}`);
}
