/**
 * One seeded schedule: operations on one namespace, one right after the other, while writes lose their answers or their senders
 * die, and take effect at any time within the longest landing. Operations are canceled anywhere. Whatever is then still under way
 * lands at the end of each: what was undone or removed is gone all the same, and what was made is whole.
 */
import "./sleepless.ts";
import { randomUUID } from "node:crypto";
import { createDice, type Dice } from "test-support/random";
import { providePorts } from "../../../src/activities/host.ts";
import {
  type Accepted,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../../src/application/decisions/decide.ts";
import { goesTo, prepareMigration } from "../../../src/application/migration/prepareMigration.ts";
import { afterAcceptance, PermanentError, TransientError } from "../../../src/domain/errors.ts";
import {
  automaticCredential,
  federatedCredentialName,
  identityBindingName,
  identityName,
  namespaceKey,
  postgresRoleName,
  useRoleName,
} from "../../../src/domain/naming/names.ts";
import { MigrationPhase, type MigrationRequest } from "../../../src/domain/operation/migration.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { mayBind } from "../../../src/resources/definitions/identityMembers.ts";
import { confirmed, createAcceptanceContext, requester } from "../../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { inVirtualTime } from "../../support/virtualTime.ts";
import type { Call } from "./faults.ts";
import { createLateRequests, home, type LateRequests, lateTargets } from "./lateRequests.ts";
import { createPostgresModel, type PostgresServer } from "./postgres.ts";
import { createPostgresServer } from "./postgresWorld.ts";

export interface ScheduleOptions {
  /** How long undos count on a late effect; the effects themselves always come within `landingMs`. */
  readonly looksFor?: number;
}

const landingMs = 60_000;

interface Schedule {
  readonly dice: Dice;
  readonly cloud: FakeCloud;
  readonly acceptance: ReturnType<typeof createAcceptanceContext>;
  readonly request: OnboardingRequest;
  readonly requests: LateRequests;
  readonly postgres: PostgresServer;
  readonly problems: string[];
  readonly seen: string[];
  /** Replaced with each delivery: it resolves when the process that works on it dies. */
  death: PromiseWithResolvers<"died">;
  readonly landing: { readonly at: number; readonly effect: () => void }[];
}

export interface Result {
  readonly problems: readonly string[];
  readonly seen: readonly string[];
}

export async function runSchedule(seed: number, { looksFor = landingMs }: ScheduleOptions = {}): Promise<Result> {
  const dice = createDice(seed);
  // Separate dice, so that every seed keeps the rest of its schedule.
  const binds = createDice(seed ^ 0xb14d).chance(0.3);
  const shares = createDice(seed ^ 0x5a4e).chance(0.2);
  const retry = { ...catalog.retry, firstIntervalMs: 5_000, maxIntervalMs: 20_000 };
  const sharedIdentities = { [namespaceKey(home)]: { clusters: [home.cluster] } };
  const cloud = createFakeCloud({
    retry: { ...retry, landingMs: looksFor, undoTimeoutMs: 600_000 },
    ...(shares ? { sharedIdentities } : {}),
    targets: lateTargets,
  });
  // Its requests ask for identity bindings in place of workload identity.
  const requests = createLateRequests(seed, dice, binds);
  const postgres = addPostgres(cloud);
  const schedule: Schedule = {
    postgres,
    ...{ dice, cloud, acceptance: createAcceptanceContext(cloud), request: requests.next(), requests },
    ...{ problems: [], seen: [], death: Promise.withResolvers(), landing: [] },
  };
  providePorts(cloud.ports);
  const accepts = createDice(seed ^ 0xacce);
  break_(schedule, dice.pick([0.05, 0.15, 0.3]), { looks: await failedLooks(), accepts });

  await play(schedule, "onboard", ({ acceptance, request }) => acceptOnboarding(acceptance, request));
  for (let acts = dice.roll(3); acts > 0; acts -= 1) await playNext(schedule);
  if (shares) await playGuest(schedule);
  cloud.onWrite = () => undefined;
  if (cloud.namespaces.size > 0) await play(schedule, "offboard", offboard, { isCalm: true });
  landAll(schedule);
  expectGone(schedule, "at the end");
  return schedule;
}

/** A server whose writes break as all others do. */
function addPostgres(cloud: FakeCloud): PostgresServer {
  const server = createPostgresServer();
  const { read, write } = cloud.calls;
  const call: Call = (_wire, name, effect) => (/^(inspect|read|count) /.test(name) ? read : write)(name, effect);
  const isInTenant = (id: string) => [...cloud.identities.values()].some(({ principalId }) => principalId === id);
  Object.assign(cloud.ports, { postgres: createPostgresModel(server, call, { isInTenant, newId: randomUUID }) });
  return server;
}

/** How the look fails that an adapter takes after Azure has accepted a write. */
async function failedLooks(): Promise<readonly Error[]> {
  const errors = [
    new TransientError("CONCURRENT_CREDENTIAL_WRITE", "Azure accepted it, but now has none"),
    new PermanentError("ARM_FORBIDDEN", "Azure accepted it, and forbids to look"),
  ];
  await Promise.allSettled(errors.map((error) => afterAcceptance(() => Promise.reject(error))));
  return errors;
}

/** Writes that adapters look after (adapters/arm). */
const isLookedAfter = /^(put credential|(put|remove) (binding|cosmos role))/;

/** Some writes get no answer, or lose their sender; after some, the look at what Azure has accepted fails. */
function break_(
  schedule: Schedule,
  chance: number,
  { looks, accepts }: { readonly looks: readonly Error[]; readonly accepts: Dice },
): void {
  const { cloud, dice } = schedule;
  cloud.onWrite = ({ what, when }) => {
    land(schedule);
    if (when === "after" || !dice.chance(chance)) return undefined;
    const fate = dice.pick(["late", "dies"] as const);
    // What the cloud keeps back, once it has.
    queueMicrotask(() => keepBack(schedule));
    if (fate === "dies") schedule.death.resolve("died");
    return fate === "late" && isLookedAfter.test(what) && accepts.chance(0.5) ? accepts.pick(looks) : fate;
  };
}

function keepBack({ cloud, dice, landing }: Schedule): void {
  for (const effect of cloud.late.splice(0)) landing.push({ at: Date.now() + dice.next() * landingMs, effect });
}

function land(schedule: Schedule, until = Date.now()): void {
  const { landing } = schedule;
  const due = landing.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
  for (const each of due) {
    landing.splice(landing.indexOf(each), 1);
    each.effect();
  }
}

function landAll(schedule: Schedule): void {
  keepBack(schedule);
  land(schedule, Number.POSITIVE_INFINITY);
}

async function playNext(schedule: Schedule): Promise<void> {
  const { cloud, dice, requests } = schedule;
  requests.revise(cloud.ports.catalog);
  const record = cloud.namespaces.get(namespaceKey(home));
  if (!record) {
    await play(schedule, "onboard", ({ acceptance }) => acceptOnboarding(acceptance, requests.next()));
    return;
  }
  const choice = dice.roll(3);
  const to = record.state === "Onboarded" ? requests.nextMode(record.request) : undefined;
  if (to) await play(schedule, "migrate", (each) => migrate(each, { to, until: dice.pick(MigrationPhase.options) }));
  else if (record.state !== "Onboarded" || choice === 0) await play(schedule, "offboard", offboard);
  else if (choice === 1) {
    await play(schedule, "repair", repair);
  } else await play(schedule, "change", ({ acceptance }) => acceptOnboarding(acceptance, requests.next(), confirmed));
}

/**
 * A guest comes and leaves. What it has sent of its credential, or of its binding and the right to use that, takes effect when nobody
 * waits for it any more: the repair of its home takes it away.
 */
async function playGuest(schedule: Schedule): Promise<void> {
  const { cloud, dice, requests, problems, seen } = schedule;
  const record = cloud.namespaces.get(namespaceKey(home));
  if (record?.state !== "Onboarded") return;
  const databases = record.request.databases.slice(0, 1);
  const guest = OnboardingRequest.parse({
    ...{ cluster: home.cluster, namespace: "team-b", databases, sharedIdentity: namespaceKey(home) },
    identityMode: requests.guestBinds ? "identityBinding" : "workloadIdentity",
    deletePolicy: "Delete",
  });
  const belated: (() => void)[] = [];
  const breaking = cloud.onWrite;
  const way = requests.guestBinds ? "binding" : "credential";
  const mayBeBelated = requests.guestBinds ? /^(put binding|apply ClusterRole(Binding)?)$/ : /^put credential$/;
  cloud.onWrite = (write) => {
    if (!mayBeBelated.test(write.what) || write.when === "after" || !dice.chance(0.5)) return breaking(write);
    queueMicrotask(() => belated.push(...cloud.late.splice(0, 1)));
    return "late";
  };
  await play(schedule, "guest onboard", ({ acceptance }) => acceptOnboarding(acceptance, guest));
  cloud.onWrite = () => undefined;
  if (cloud.namespaces.has(namespaceKey(guest))) {
    const leave = ({ acceptance }: Schedule) => acceptOffboarding(acceptance, guest);
    await play(schedule, "guest offboard", leave, { isCalm: true });
  }
  landAll(schedule);
  for (const effect of belated) effect();

  const isLeft = { [way]: isLeftBy, right: isRightLeftBy };
  const left = () => Object.entries(isLeft).flatMap(([what, isThere]) => (isThere(schedule, guest) ? [what] : []));
  seen.push(...left().map((what) => `guest left a ${what}`));
  await play(schedule, "repair", repair, { isCalm: true });
  // Between two modes, a repair leaves what is there.
  if (cloud.namespaces.get(namespaceKey(home))?.migration !== undefined) return;
  problems.push(...left().map((what) => `a repair of its home left the ${what} of a guest: ${seen.at(-1)}`));
}

/** With a binding, also the credential that Azure gives the identity for it, unless its home has one, or may have. */
function isLeftBy({ cloud }: Schedule, guest: OnboardingRequest): boolean {
  const record = cloud.namespaces.get(namespaceKey(home));
  const isBound = record !== undefined && mayBind(record);
  const names = (cloud.credentials.get(identityName(home)) ?? []).map((each) => each.name);
  return (
    names.includes(federatedCredentialName(guest, guest.serviceAccount)) ||
    (names.includes(automaticCredential) && !isBound) ||
    [...cloud.bindings.values()].some((each) => each.name === identityBindingName(guest))
  );
}

/** To use the binding, in its cluster. */
function isRightLeftBy({ cloud }: Schedule, guest: OnboardingRequest): boolean {
  return [...cloud.objects.keys()].some((key) => key.includes(" ClusterRole") && key.includes(useRoleName(guest)));
}

function repair({ acceptance, request }: Schedule): Promise<Accepted> {
  return acceptUpkeep(acceptance, "Repairing", { namespaceRef: request, prepare: () => ({}) });
}

function migrate({ acceptance, request }: Schedule, wanted: MigrationRequest): Promise<Accepted> {
  return acceptUpkeep(acceptance, "Migrating", {
    namespaceRef: request,
    isAsked: goesTo(wanted),
    prepare: (record) => ({ migration: prepareMigration(acceptance.ports, record, wanted) }),
  });
}

function offboard({ acceptance, request }: Schedule): Promise<Accepted> {
  return acceptOffboarding(acceptance, request);
}

async function play(
  schedule: Schedule,
  what: string,
  ask: (schedule: Schedule) => Promise<Accepted>,
  { isCalm = false }: { isCalm?: boolean } = {},
): Promise<void> {
  const { acceptance, cloud, dice, seen } = schedule;
  let accepted: Accepted;
  try {
    accepted = await ask(schedule);
  } catch (error) {
    if (error instanceof Refusal) return;
    throw error;
  }
  if (!accepted.isNew) return;
  const { operation } = accepted;
  const cancels = !isCalm && dice.chance(0.5) ? 0.15 : 0;
  await acceptance.run({
    ...inVirtualTime,
    onTimer(time) {
      inVirtualTime.onTimer?.(time);
      keepBack(schedule);
      land(schedule);
    },
    random: dice.next,
    async execute(_activity, work) {
      if (dice.chance(cancels)) await cancel(schedule, operation);
      for (;;) {
        schedule.death = Promise.withResolvers();
        const outcome = await Promise.race([work(), schedule.death.promise]);
        if (outcome !== "died") return outcome;
      }
    },
  });
  const ended = cloud.operations.get(operation);
  seen.push(`${what} ${ended?.status}`);
  // Nothing holds the namespace. What has no record any more is not there, and nothing brings it back.
  if (cloud.namespaces.size === 0) {
    landAll(schedule);
    expectGone(schedule, `${what} ${ended?.status}`);
  }
}

async function cancel({ cloud, acceptance }: Schedule, operation: string): Promise<void> {
  try {
    await cancelOperation(cloud.ports.registry, operation, { by: requester });
    acceptance.raise("decision");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}

function expectGone({ cloud, postgres, request, problems }: Schedule, when: string): void {
  const name = identityName(request);
  const role = postgresRoleName(request);
  const things = [
    ...[...cloud.objects.keys()].filter((key) => key.includes("team-a")),
    ...[...cloud.users].flatMap(([database, users]) => (users.has(name) ? [`user in ${database}`] : [])),
    ...cloud.identities.keys(),
    ...cloud.bindings.keys(),
    ...cloud.roleAssignments.keys(),
    ...cloud.cosmosAccounts.keys(),
    ...[...postgres.roles.keys()].filter((each) => each === role).map((each) => `role ${each}`),
    // A credential needs its identity: without one, Azure refuses it.
    ...(cloud.identities.has(name) ? (cloud.credentials.get(name) ?? []).map((each) => `credential ${each.name}`) : []),
  ];
  problems.push(...things.map((thing) => `${when}: left behind: ${thing}`));
}
