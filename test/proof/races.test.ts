/**
 * Two simultaneous requests for one namespace, in every combination: one operation at a time, and one of each resource. And somebody
 * who puts something into a namespace while it is offboarded, or holds one that is deleted. Then requests for several namespaces with one
 * identity, and everybody who writes one managed namespace.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { hasPostgres } from "azure-sim/testing/postgres";
import { usesRealApiServer } from "kube-sim";
import { shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { names } from "../../sandbox/cloud.ts";
import { identityName, namesInside } from "../../src/domain/naming/names.ts";
import { type AzureRoleKindName, azureRoleKindNames } from "../../src/domain/targets/azureRoles.ts";
import type { TargetRequest } from "../../src/domain/targets/namedTarget.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Answer, type Service, serviceOf } from "../support/service.ts";
import { createManagedRaces } from "./support/managedRaces.ts";
import { furnishPostgres, identityOf, listFaults, listRemains } from "./support/remains.ts";
import { createTurns, narrow, type RoleAccess, wide } from "./support/roleKinds.ts";
import { createSharedRaces, sharedIdentities } from "./support/sharedRaces.ts";

/** No fewer than there are kinds of races. */
const rounds = Math.max(19, shareOf(200));
/** The same, of races over one identity or one managed namespace: the default run has some of their kinds. */
const sharedRounds = shareOf(40);
const together = 8;
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);

function nameOf(kind: AzureRoleKindName): string {
  return `race${kind.toLowerCase()}`;
}

/** Read on some of it, or what each kind has instead. */
const onAll = (namespace: string) => accessOf(namespace, ["read"], narrow);
const writing = (namespace: string) => accessOf(namespace, ["write"], wide);

function accessOf(namespace: string, access: TargetRequest["access"], byKind: (kind: AzureRoleKindName) => RoleAccess) {
  const inAzure = kindsOf(namespace).map((kind) => ({ target: nameOf(kind), access: byKind(kind).access }));
  return { targets: [...[...schemas, account].map((target) => ({ target, access })), ...inAzure] };
}

/** What all namespaces of the races share: a schema on a server, a Cosmos DB account, and a target of each kind on which Azure gives roles. */
const schemas = ["race-pg"].filter(() => hasPostgres("PostgreSQL in the races"));
const account = "racecosmos";
const roleTargets = Object.fromEntries(azureRoleKindNames.map((kind) => [nameOf(kind), kind]));
const kindsOf = createTurns(createDice(seed));

let sandbox: SuiteSandbox;
let service: Service;
let people: CoreV1Api;
let anything: KubernetesObjectApi;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog has shared identities, and it counts",
    ...{ logLevel: "warning", schemas, accounts: [account], more: roleTargets },
    catalogFor: (_app, text) => stringify({ ...parse(text), sharedIdentities: sharedIdentities(sharedRounds) }),
  });
  await furnishPostgres(sandbox.cloud);
  service = serviceOf(sandbox);
  const config = kubeConfigOf(sandbox.cloud);
  people = config.makeApiClient(CoreV1Api);
  anything = KubernetesObjectApi.makeApiClient(config);
});
afterAll(() => sandbox?.close());

const dice = createDice(seed);

function request(namespace: string, changes: object = {}) {
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  return { cluster: names.cluster, namespace, databases, ...changes };
}

const post = (body: object) => service.call("POST", "/api/onboardings", body);
const take = (body: object) => service.call("POST", "/api/onboardings?confirmRemoval=true", body);
const remove = (namespace: string) => service.call("DELETE", `/api/namespaces/${names.cluster}/${namespace}`);
const upkeep = (namespace: string, what: string) =>
  service.call("POST", `/api/namespaces/${names.cluster}/${namespace}/${what}`);
const find = (namespace: string) => service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`);

interface Listed {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly startTime: string;
  readonly endTime: string;
}

/**
 * Waits until all operations of the namespace have ended and the gate is open. Returns them in the order in which they ran;
 * the list itself has the order in which they were sent.
 */
async function settle(namespace: string): Promise<readonly Listed[]> {
  const list = async () => {
    const { body } = await service.call("GET", `/api/operations?namespace=${namespace}`);
    return (body["value"] as Listed[]).toSorted((a, b) => (a.startTime ?? "").localeCompare(b.startTime ?? ""));
  };
  const isOver = async () => {
    const operations = await list();
    const state = (await find(namespace)).body["state"];
    const isHeld = state !== undefined && state !== "Onboarded" && state !== "Incomplete";
    return operations.length > 0 && operations.every(({ endTime }) => endTime !== undefined) && !isHeld;
  };
  await expect.poll(isOver, { timeout: 60_000, interval: 50 }).toBe(true);
  return await list();
}

function expectOneAtATime(operations: readonly Listed[]): void {
  operations.forEach((operation, index) => {
    const next = operations[index + 1];
    if (next?.startTime) expect(next.startTime >= operation.endTime, JSON.stringify(operations)).toBe(true);
  });
}

function expectOneOfEach(namespace: string, operations: readonly Listed[]): void {
  const name = identityName({ cluster: names.cluster, namespace });
  const { journal } = sandbox.cloud.faults;
  const count = (wire: string, pattern: RegExp) =>
    journal.filter((call) => call.wire === wire && pattern.test(call.operation) && call.target === name).length;
  const onboardings = operations.filter(({ kind }) => kind === "onboard").length;
  expect(count("arm", /^PUT .*userAssignedIdentities$/)).toBeLessThanOrEqual(onboardings);
  expect(
    sandbox.cloud.sql
      .database("messages")
      .users()
      .filter((user) => user.name === name).length,
  ).toBeLessThanOrEqual(1);
}

async function expectOutcome(namespace: string, record: Record<string, unknown>): Promise<void> {
  const { state, identityMode: mode, databases: wanted, targets = [] } = Object(record);
  const databases = (wanted ?? []).map(({ database }: { database: string }) => database);
  const given = rolesInAccount(namespace);
  const inAzure = rolesInAzure(namespace);
  if (state !== "Onboarded") {
    expect(await listRemains(sandbox.cloud, namespace, ["messages", "orders"], schemas)).toEqual([]);
    expect([...given, ...inAzure]).toEqual([]);
    return;
  }
  const wordsOn = (target: string): string | undefined =>
    (targets as TargetRequest[])
      .find((each) => each.target === target)
      ?.access.toSorted()
      .join();
  const [schema = ""] = schemas;
  const may = wordsOn(schema) === "write" ? ["DELETE", "INSERT", "SELECT", "UPDATE"] : ["SELECT"];
  const there = wordsOn(schema) === undefined ? [] : schemas;
  expect(await listFaults(sandbox.cloud, { namespace, mode, databases, schemas: there, may })).toEqual([]);
  if (there.length === 0) expect(await listRolesOn(namespace)).toEqual([]);
  expect(given).toEqual(
    { read: ["00000000-0000-0000-0000-000000000001"], write: ["00000000-0000-0000-0000-000000000002"] }[
      wordsOn(account) ?? ""
    ] ?? [],
  );
  const asked = Object.entries(roleTargets).flatMap(([target, kind]) => {
    const wanted = [narrow(kind), wide(kind)].find((each) => each.access.toSorted().join() === wordsOn(target));
    return (wanted?.roles ?? []).map((role) => `${target} ${role}`);
  });
  expect(inAzure).toEqual(asked.toSorted());
}

/** The end of the scope, and the role. */
function rolesInAzure(namespace: string): readonly string[] {
  const { principalId } = identityOf(sandbox.cloud, namespace) ?? {};
  return [...sandbox.cloud.world.roleAssignments.values()]
    .filter((each) => each.principalId === principalId)
    .map(({ scope, role }) => `${scope.split("/").at(-1)} ${role}`)
    .toSorted();
}

/** In Cosmos DB. */
function rolesInAccount(namespace: string): readonly string[] {
  const { principalId } = identityOf(sandbox.cloud, namespace) ?? {};
  return [...sandbox.cloud.world.cosmosAssignments.values()]
    .filter((each) => each.principalId === principalId)
    .map(({ roleId }) => roleId);
}

async function listRolesOn(namespace: string): Promise<readonly string[]> {
  const left = await listRemains(sandbox.cloud, namespace, [], schemas);
  return left.filter((each) => each.startsWith("role on "));
}

async function onboarded(namespace: string, changes: object = {}): Promise<void> {
  await post(request(namespace, changes));
  await settle(namespace);
}

async function hold(name: string, namespace: string, finalizers: string[]): Promise<void> {
  const patch = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, finalizers } };
  await anything.patch(patch, undefined, undefined, "somebody", undefined, PatchStrategy.MergePatch);
}

/** One of the two at a time: the other joins it, comes after it, or is refused with the operation in its way. */
function expectOneOrBoth(answers: readonly Answer[]): void {
  expect(
    answers.some(({ status }) => status === 202),
    JSON.stringify(answers),
  ).toBe(true);
  for (const answer of answers) expect(answer.status === 202 || isConflict(answer), JSON.stringify(answer)).toBe(true);
}

const two = {
  databases: ["messages", "orders"].map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
};

const isConflict = ({ status, body, headers }: Answer) =>
  status === 409 && /^[A-Z_]+$/.test(String(body["code"])) && (headers.get("location") ?? "").startsWith("/api/");

/** Whether somebody who moved in was counted. */
const visits: boolean[] = [];

const races: Readonly<Record<string, (namespace: string) => Promise<void>>> = {
  async "the same request twice"(namespace) {
    const answers = await Promise.all([post(request(namespace)), post(request(namespace))]);

    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(new Set(answers.map(({ body }) => body["id"])).size).toBe(1);
    expect(await settle(namespace)).toHaveLength(1);
  },
  async "two different requests"(namespace) {
    const answers = await Promise.all([
      post(request(namespace)),
      post(request(namespace, { adoptionPolicy: "Never" })),
    ]);

    // The loser is refused with the operation in its way, or comes so late that it changes what the first has done.
    const winners = answers.filter(({ status }) => status === 202);
    expect(winners.length, JSON.stringify(answers)).toBeGreaterThan(0);
    for (const loser of answers.filter(({ status }) => status !== 202)) expect(isConflict(loser)).toBe(true);
    await settle(namespace);
  },
  async "the same request over HTTP and on the queue"(namespace) {
    sandbox.cloud.serviceBus.queue(names.queue).send({ messageId: namespace, body: request(namespace) });
    const answer = await post(request(namespace));

    expect(answer.status).toBe(202);
    expect(await settle(namespace)).toHaveLength(1);
  },
  async "another request on the queue"(namespace) {
    const queue = sandbox.cloud.serviceBus.queue(names.queue);
    queue.send({
      messageId: namespace,
      body: request(namespace, { serviceAccount: "other" }),
      applicationProperties: { confirmRemoval: true },
    });
    const answer = await post(request(namespace));

    expect(answer.status === 202 || isConflict(answer)).toBe(true);
    // The message waits for its turn, however the other request ends.
    await expect
      .poll(() => queue.messages().some(({ messageId }) => messageId === namespace), { timeout: 60_000 })
      .toBe(false);
    await settle(namespace);
  },
  async "onboarding against offboarding"(namespace) {
    await post(request(namespace));
    await settle(namespace);

    const [onboarded, offboarded] = await Promise.all([post(request(namespace)), remove(namespace)]);

    expect(offboarded?.status).toBe(202);
    expect(onboarded?.status === 202 || (onboarded && isConflict(onboarded))).toBe(true);
    await settle(namespace);
  },
  async "a change against another"(namespace) {
    await onboarded(namespace);

    expectOneOrBoth(
      await Promise.all([post(request(namespace, two)), post(request(namespace, { adoptionPolicy: "Never" }))]),
    );
  },
  async "a change against an offboarding"(namespace) {
    await onboarded(namespace);

    expectOneOrBoth(await Promise.all([post(request(namespace, two)), remove(namespace)]));
  },
  async "two changes of roles on one server and in one account"(namespace) {
    await onboarded(namespace, onAll(namespace));

    expectOneOrBoth(await Promise.all([post(request(namespace, writing(namespace))), take(request(namespace))]));
  },
  async "a change that takes such roles away against a repair"(namespace) {
    await onboarded(namespace, onAll(namespace));

    expectOneOrBoth(await Promise.all([take(request(namespace)), upkeep(namespace, "repair")]));
  },
  async "a change that gives such roles against an offboarding"(namespace) {
    await onboarded(namespace);

    expectOneOrBoth(await Promise.all([post(request(namespace, onAll(namespace))), remove(namespace)]));
  },
  async "two repairs"(namespace) {
    await onboarded(namespace);

    const answers = await Promise.all([upkeep(namespace, "repair"), upkeep(namespace, "repair")]);

    expectOneOrBoth(answers);
    // The second joins the first, unless that one was over by then.
    const kinds = (await settle(namespace)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "repair").length).toBe(new Set(answers.map(({ body }) => body["id"])).size);
  },
  async "a repair against a change"(namespace) {
    await onboarded(namespace);

    expectOneOrBoth(await Promise.all([upkeep(namespace, "repair"), post(request(namespace, two))]));
  },
  async "two migrations"(namespace) {
    await onboarded(namespace, { identityMode: "podIdentity" });

    expectOneOrBoth(await Promise.all([upkeep(namespace, "migrate"), upkeep(namespace, "migrate")]));
    await settle(namespace);
    expect((await find(namespace)).body["identityMode"]).toBe("workloadIdentity");
  },
  async "a migration against an offboarding"(namespace) {
    await onboarded(namespace, { identityMode: "podIdentity" });

    expectOneOrBoth(await Promise.all([upkeep(namespace, "migrate"), remove(namespace)]));
  },
  async "a verification against a change"(namespace) {
    await onboarded(namespace);

    const [verified, changed] = await Promise.all([upkeep(namespace, "verify"), post(request(namespace, two))]);

    expect(changed?.status).toBe(202);
    // A verification succeeds, and in the middle of a change it may see a temporary state, or it is refused with a conflict.
    expect(verified && (verified.status === 200 || isConflict(verified))).toBe(true);
  },
  async "an offboarding against somebody who moves in"(namespace) {
    await onboarded(namespace, { deletePolicy: "Delete" });
    const { journal } = sandbox.cloud.faults;
    const { objects } = sandbox.cloud.kubernetes;

    const removing = remove(namespace);
    // The first one comes in time.
    await sleep(visits.length === 0 ? 0 : dice.pick([0, 50, 100, 200]));
    const body = { metadata: { name: "theirs" } };
    const isIn = await people.createNamespacedConfigMap({ namespace, body }).then(
      () => true,
      () => false,
    );
    const from = journal.length;
    expect((await removing).status).toBe(202);
    await settle(namespace);

    // Whoever comes after the last count is too late.
    const isCounted = journal
      .slice(from)
      .some(({ operation, target }) => operation === "GET configmaps" && target.endsWith(`/${namespace}`));
    const home = await objects.get("v1", "Namespace", namespace);
    if (isIn && isCounted) {
      expect(await objects.get("v1", "ConfigMap", "theirs", namespace)).toBeDefined();
      expect(home?.metadata.deletionTimestamp).toBeUndefined();
    }
    if (home && home.metadata.deletionTimestamp === undefined) await people.deleteNamespace({ name: namespace });
    visits.push(isIn && isCounted);
  },
  async "an offboarding against somebody who holds the namespace"(namespace) {
    await onboarded(namespace, { deletePolicy: "Delete" });
    await hold(namesInside.configMap, namespace, ["example.com/nobody-serves-it"]);

    const answer = await remove(namespace);
    // The next request meets the offboarding, or the namespace that goes.
    const again = post(request(namespace));
    await sleep(dice.pick([50, 200, 500]));
    await hold(namesInside.configMap, namespace, []);

    expect(answer.status).toBe(202);
    expect(isConflict(await again)).toBe(true);
    await settle(namespace);
    expect(await sandbox.cloud.kubernetes.objects.get("v1", "Namespace", namespace)).toBeUndefined();
  },
  async "an onboarding against a namespace that goes"(namespace) {
    await people.createNamespace({ body: { metadata: { name: namespace } } });
    const theirs = { name: "theirs", namespace, finalizers: ["example.com/nobody-serves-it"] };
    await people.createNamespacedConfigMap({ namespace, body: { metadata: theirs } });
    await people.deleteNamespace({ name: namespace });

    const answer = await post(request(namespace));
    await sleep(dice.pick([0, 100, 500]));
    await hold("theirs", namespace, []);

    expect(answer.status).toBe(202);
    const [{ id } = { id: "" }] = await settle(namespace);
    const { status, error } = await service.operation(id);
    expect(status, JSON.stringify(error)).toBe("Succeeded");
    expect((await find(namespace)).body["state"]).toBe("Onboarded");
  },
  async "two offboardings"(namespace) {
    await post(request(namespace));
    await settle(namespace);

    const answers = await Promise.all([remove(namespace), remove(namespace)]);

    const ids = new Set(answers.filter(({ status }) => status === 202).map(({ body }) => body["id"]));
    expect(ids.size).toBe(1);
    for (const { status } of answers) expect([202, 404]).toContain(status);
    expect(await settle(namespace)).toHaveLength(2);
    expect((await find(namespace)).status).toBe(404);
  },
};

it(`gives a namespace to one of two requests, ${rounds} times (seed ${seed})`, async () => {
  const kinds = Object.keys(races);
  // Every kind equally often, so that even a few rounds cover them all.
  const dealt = dice.shuffle(Array.from({ length: rounds }, (_, index) => kinds[index % kinds.length] ?? ""));
  const queue = dealt.map((kind, index) => ({ namespace: `race-${index}`, kind }));
  const tally = new Map<string, number>();
  const worker = async () => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      const { namespace, kind } = next;
      try {
        await races[kind]?.(namespace);
        const operations = await settle(namespace);
        expectOneAtATime(operations);
        expect(operations.map(({ status }) => status)).not.toContain("Failed");
        expectOneOfEach(namespace, operations);
        const record = await find(namespace);
        const isOther = JSON.stringify(record.body).includes('"other"');
        if (!isOther && kind !== "another request on the queue") await expectOutcome(namespace, record.body);
      } catch (cause) {
        throw new Error(`${namespace}: ${kind}`, { cause });
      }
      tally.set(kind, (tally.get(kind) ?? 0) + 1);
    }
  };

  await Promise.all(Array.from({ length: together }, worker));

  expect([...tally.values()].reduce((sum, count) => sum + count, 0)).toBe(rounds);
  expect(tally.size).toBe(kinds.length);
  expect(visits.some(Boolean), `nobody was counted in ${visits.length} visits`).toBe(true);
  expect(sandbox.cloud.serviceBus.queue(names.queue).messages()).toEqual([]);
}, 600_000);

it(`keeps what several namespaces, or Azure, have together, ${sharedRounds} times (seed ${seed})`, async () => {
  const stage = { cloud: sandbox.cloud, service, dice };
  // A real API server has no AKS around it.
  const all = [createSharedRaces(stage), ...(usesRealApiServer ? [] : [createManagedRaces(stage)])];
  const kinds = dice.shuffle(all.flatMap(({ kinds, run }) => kinds.map((kind) => ({ kind, run }))));
  const dealt = Array.from({ length: sharedRounds }, (_, race) => ({ race, ...kinds[race % kinds.length] }));
  let ended = 0;
  const worker = async () => {
    for (let next = dealt.pop(); next; next = dealt.pop()) {
      const { race, kind = "", run } = next;
      await run?.(kind, race).catch((cause: unknown) => {
        throw new Error(`race ${race}: ${kind}`, { cause });
      });
      ended += 1;
    }
  };

  await Promise.all(Array.from({ length: together }, worker));

  expect(ended).toBe(sharedRounds);
}, 600_000);
