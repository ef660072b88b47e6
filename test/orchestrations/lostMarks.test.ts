/**
 * Marks of ownership that somebody removes are found and restored; without them, Mooring still removes what is its own and
 * nothing else.
 */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { inspectionOf } from "../../src/application/inspection/driftRecord.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { planRepair } from "../../src/application/plan/planRepair.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { readMark, readMetadata, readTags } from "../../src/domain/naming/ownership.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { operate } from "../support/operations.ts";
import { expectNothingLeft } from "../support/remains.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [
    { server: "sql-dev", database: "messages", roles: ["reader"] },
    { server: "sql-dev", database: "orders", roles: ["writer"] },
  ],
});
const name = identityName(request);
const namespaceKey = "v1 Namespace /team-a";
const accountKey = "v1 ServiceAccount team-a/app";

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

function record() {
  const found = cloud.namespaces.get("aks-dev/team-a");
  if (!found) throw new Error("it is not onboarded");
  return found;
}

const findings = () => inspectNamespace(cloud.ports, inspectionOf(record()));

function ownObjects() {
  return [...cloud.objects].filter(([, { kind }]) => kind !== "MutatingWebhookConfiguration");
}

/** The operation in each thing's mark, in the order of the things' names. */
function marks() {
  const users = [...cloud.users].flatMap(([database, all]) =>
    [...all.values()].map(({ mark }) => [database, readMark(mark)?.operation] as const),
  );
  return [
    ...[...cloud.identities.values()].map(({ tags }) => [name, readTags(tags)?.operation] as const),
    ...ownObjects().map(([key, { metadata }]) => [key, readMetadata(metadata)?.operation] as const),
    ...users,
  ].toSorted(([a], [b]) => a.localeCompare(b));
}

function takeOffAllMarks() {
  for (const [key, identity] of cloud.identities) cloud.identities.set(key, { ...identity, tags: { cost: "42" } });
  for (const [key, { metadata, ...object }] of ownObjects()) {
    const { labels: _labels, annotations = {}, ...bare } = metadata;
    const left = Object.fromEntries(Object.entries(annotations).filter(([each]) => !each.startsWith("mooring.dev/")));
    const unmarked = { ...object, apiVersion: object.apiVersion, kind: object.kind, metadata: bare };
    cloud.objects.set(key, { ...unmarked, metadata: { ...bare, annotations: left } });
  }
  for (const users of cloud.users.values()) {
    for (const user of users.values()) users.set(user.name, { ...user, mark: undefined });
  }
}

it("records what belongs to the namespace, with what identifies each thing", async () => {
  await operate(cloud, "onboard", request);

  const { principalId } = cloud.identities.get(name) ?? {};
  const { sid, createdTime } = cloud.users.get("sql-dev/orders")?.get(name) ?? {};
  expect(record().things).toEqual(
    expect.arrayContaining([
      { thing: name, id: principalId, mark: expect.stringContaining("onboard-") },
      { thing: "Namespace team-a", id: record().namespaceUid, mark: expect.stringContaining("onboard-") },
      { thing: "sql-dev/orders", id: `${sid} ${createdTime}`, mark: expect.stringContaining("onboard-") },
    ]),
  );
  expect(record().things).toHaveLength(6);
});

it("finds every missing mark but the namespace's, plans to restore it, and restores it with the name of the original operation", async () => {
  await operate(cloud, "onboard", request);
  const before = marks();
  takeOffAllMarks();

  const found = await findings();
  const plan = await planRepair(cloud.ports, {
    operation: "planned",
    request,
    clientId: record().clientId,
  });
  const { operation } = await operate(cloud, "repair", request);

  const lost = found.filter(({ code }) => code === "MARK_MISSING").map(({ target }) => target);
  expect(lost.toSorted()).toEqual(
    record()
      .things?.map(({ thing }) => thing)
      .filter((thing) => thing !== "Namespace team-a")
      .toSorted(),
  );
  const writing = plan.steps.filter(({ action }) => action !== "none").map((step) => `${step.name} ${step.action}`);
  expect(writing).toEqual([
    "ensureIdentity update",
    "applyNamespace update",
    "grantDatabase update",
    "grantDatabase update",
    "applyServiceAccount update",
  ]);
  expect(operation.status).toBe("Succeeded");
  // Whoever removed the mark from the namespace has taken it over.
  const isNamespace = (key: string) => key === "v1 Namespace /team-a";
  expect(marks()).toEqual(before.map(([key, mark]) => [key, isNamespace(key) ? undefined : mark]));
  expect(cloud.identities.get(name)?.tags).toMatchObject({ cost: "42" });
  expect((await findings()).map(({ code }) => code)).toEqual(["IDENTITY_TAGS_ADDED"]);
});

it("removes what it has made, with or without the marks, and keeps a namespace without it", async () => {
  await operate(cloud, "onboard", request);
  takeOffAllMarks();

  const plan = await planOffboarding(cloud.ports, record());
  const { operation } = await operate(cloud, "offboard", request);

  const kept = plan.steps.filter(({ action }) => action !== "delete").map((step) => `${step.name} ${step.action}`);
  expect(kept).toEqual(["removeNamespace keep"]);
  expect(operation.status, operation.error?.message).toBe("Succeeded");
  expect(cloud.objects.delete("v1 Namespace /team-a")).toBe(true);
  expectNothingLeft(cloud);
});

it("leaves what others have recreated in its place", async () => {
  await operate(cloud, "onboard", request);
  takeOffAllMarks();
  const users = cloud.users.get("sql-dev/orders");
  const [account, user] = [cloud.objects.get(accountKey), users?.get(name)];
  const namespace = cloud.objects.get(namespaceKey);
  if (!account || !user || !namespace) throw new Error("it is not onboarded");
  cloud.objects.set(accountKey, { ...account, metadata: { ...account.metadata, uid: "anew" } });
  cloud.objects.set(namespaceKey, { ...namespace, metadata: { ...namespace.metadata, uid: "anew" } });
  users?.set(name, { ...user, createdTime: "2026-11-26T00:00:00.000Z" });

  const { operation } = await operate(cloud, "offboard", request);

  expect(operation.status, operation.error?.message).toBe("Succeeded");
  expect(cloud.identities.size).toBe(0);
  expect(
    ownObjects()
      .map(([key]) => key)
      .toSorted(),
  ).toEqual([namespaceKey, accountKey]);
  expect([...cloud.users].map(([database, all]) => [database, all.size])).toEqual([
    ["sql-dev/messages", 0],
    ["sql-dev/orders", 1],
  ]);
});

it("does not treat what it adopted as its own, and reports no change to it", async () => {
  const theirs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", uid: "theirs" } };
  cloud.objects.set(namespaceKey, theirs);
  await operate(cloud, "onboard", request);
  const step = (operation: string) => cloud.steps.get(`${operation} applyNamespace aks-dev/team-a`)?.action;
  const [onboarding] = [...cloud.operations.keys()];

  const { operation: repair } = await operate(cloud, "repair", request);
  const { operation: offboarding } = await operate(cloud, "offboard", request);

  expect(record).toThrow();
  expect([step(onboarding ?? ""), step(repair.id)]).toEqual(["adopt", "none"]);
  expect(cloud.steps.get(`${offboarding.id} removeNamespace aks-dev/team-a`)?.action).toBe("keep");
  expect(cloud.objects.get(namespaceKey)).toEqual(theirs);
});

it("records on first sight what a namespace has that an earlier release onboarded", async () => {
  await operate(cloud, "onboard", request);
  const { things: _unknown, ...old } = record();
  await cloud.ports.registry.replaceNamespace(old);
  expect(await findings()).toEqual([]);

  await operate(cloud, "repair", request);

  expect(record().things).toHaveLength(6);
});
