import { beforeEach, expect, it, vi } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { createDriftWatch, type StartRepair, toRepair } from "../../../src/application/inspection/watchDrift.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import { finding } from "../../../src/domain/finding.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { beginOffboarding, beginRepair, isOnboarded } from "../../../src/domain/operation/lifecycle.ts";
import type { HeldRecord, NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { operate } from "../../support/operations.ts";

const long = "2026-01-01T00:00:00.000Z";
const quiet = { log: () => undefined, warn: () => undefined };
let cloud: FakeCloud;
let repairs: string[];

beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  repairs = [];
});

function request(namespace: string) {
  const databases = [{ server: "sql-dev", database: "messages", roles: ["reader"] }];
  return OnboardingRequest.parse({ cluster: "aks-dev", namespace, databases });
}

async function onboard(namespace: string, changes: Seen = { verifiedTime: long, lookedTime: long }) {
  await operate(cloud, "onboard", request(namespace));
  edit(namespace, changes);
  cloud.events.length = 0;
}

function record(namespace: string) {
  const found = cloud.namespaces.get(`aks-dev/${namespace}`);
  if (!found) throw new Error(`no record of ${namespace}`);
  return found;
}

type Seen = Partial<Pick<NamespaceRecord, "verifiedTime" | "lookedTime" | "findings">>;

function edit(namespace: string, changes: Seen) {
  cloud.namespaces.set(`aks-dev/${namespace}`, { ...record(namespace), ...changes });
}

const other = {
  operation: "another",
  requestedBy: "somebody",
  acceptedTime: long,
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  batch: undefined,
};

function onboarded(namespace: string) {
  const found = record(namespace);
  if (!isOnboarded(found)) throw new Error(`${namespace} is ${found.state}`);
  return found;
}

function hold(namespace: string, held: HeldRecord) {
  cloud.namespaces.set(`aks-dev/${namespace}`, { ...held, etag: "another" });
}

function dropUser(namespace: string) {
  cloud.users.get("sql-dev/messages")?.delete(identityName(request(namespace)));
}

const watchOf = (ports: Ports, drift: object = {}, pauseMs = 0) =>
  createDriftWatch({ ...ports, catalog: Catalog.parse({ ...catalog, drift }) }, pauseMs);

const repair: StartRepair = async ({ namespace, findings = [] }) => {
  repairs.push(`${namespace}: ${findings.map(({ code }) => code).join()}`);
  return { operation: "repair-1" };
};

async function watch(drift: object = {}, ports: Ports = cloud.ports) {
  await watchOf(ports, drift).run(quiet, repair);
}

it("looks at namespaces that were not looked at for long, keeps the findings, and reports them once", async () => {
  await onboard("team-a");
  await onboard("fresh", {});
  dropUser("team-a");
  dropUser("fresh");

  await watch();
  edit("team-a", { verifiedTime: long, lookedTime: long });
  await watch();

  expect(record("team-a").findings).toMatchObject([{ code: "USER_MISSING", target: "sql-dev/messages" }]);
  expect(Date.parse(record("team-a").verifiedTime ?? "")).toBeGreaterThan(Date.parse(long));
  expect(record("fresh").findings).toEqual([]);
  expect(cloud.events).toMatchObject([
    {
      type: "mooring.namespace.drift-detected.v1",
      subject: "aks-dev/team-a",
      data: { severity: "Error", findings: [{ code: "USER_MISSING", severity: "Error", fix: expect.any(String) }] },
    },
  ]);
  expect(repairs).toEqual([]);
});

it("reports that nothing differs any more, also when an operation repaired it", async () => {
  await onboard("team-a");
  dropUser("team-a");
  await watch();

  await operate(cloud, "repair", request("team-a"));

  expect(cloud.events.map(({ type }) => type).filter((type) => type.includes("drift"))).toEqual([
    "mooring.namespace.drift-detected.v1",
    "mooring.namespace.drift-resolved.v1",
  ]);
});

it("starts a repair for the catalog's severities only", async () => {
  await onboard("team-a");
  dropUser("team-a");
  await onboard("team-b");
  const identity = cloud.identities.get(identityName(request("team-b")));
  if (!identity) throw new Error("no identity");
  cloud.identities.set(identity.name, { ...identity, tags: { ...identity.tags, extra: "1" } });

  await watch({ repair: ["Error"] });

  expect(repairs).toEqual(["team-a: USER_MISSING"]);
  expect(record("team-b").findings).toMatchObject([{ code: "IDENTITY_TAGS_ADDED" }]);
});

it("skips a namespace that an operation holds, and discards its findings when one began meanwhile", async () => {
  await onboard("held");
  hold("held", beginRepair(onboarded("held"), other, {}));
  await onboard("raced");
  dropUser("raced");
  const { registry } = cloud.ports;
  const replaceNamespace: typeof registry.replaceNamespace = async (next) => {
    hold("raced", beginOffboarding(onboarded("raced"), other, { ignoreDependants: false }));
    return await registry.replaceNamespace(next);
  };

  await watch({ repair: ["Error"] }, { ...cloud.ports, registry: { ...registry, replaceNamespace } });

  expect(record("held").verifiedTime).toBe(long);
  expect(record("raced")).toMatchObject({ state: "Offboarding", findings: [] });
  expect(repairs).toEqual([]);
});

it("puts a namespace that cannot be read at the end of the queue, so that it blocks no other", async () => {
  await onboard("away", { verifiedTime: long, lookedTime: long });
  await onboard("there", { verifiedTime: "2026-01-02T00:00:00.000Z", lookedTime: "2026-01-02T00:00:00.000Z" });
  const { identities } = cloud.ports;
  const looked: string[] = [];
  const get: typeof identities.get = async (ref) => {
    looked.push(ref.name.includes("away") ? "away" : "there");
    if (ref.name.includes("away")) throw new TransientError("ARM_UNAVAILABLE", "no answer");
    return await identities.get(ref);
  };
  const ports = { ...cloud.ports, identities: { ...identities, get } };

  await watch({}, ports);
  await watch({}, ports);

  expect(looked).toEqual(["away", "there"]);
  expect(record("away").verifiedTime).toBe(long);
  expect(record("there").verifiedTime).not.toBe("2026-01-02T00:00:00.000Z");
});

/** Onboards namespaces of which each was seen a second after the one before. */
async function onboardMany(count: number) {
  for (let index = 0; index < count; index += 1) {
    const time = new Date(Date.parse(long) + index * 1_000).toISOString();
    await onboard(`team-${index}`, { verifiedTime: time, lookedTime: time });
  }
}

const unseen = () =>
  [...cloud.namespaces.values()].flatMap(({ namespace, verifiedTime = "" }) =>
    verifiedTime < "2026-02" ? namespace : [],
  );

it("looks at the least recently seen first, and goes on where the time of a run was over", async () => {
  await onboardMany(22);
  const drift = watchOf(cloud.ports);
  const { now } = performance;
  const over = vi.spyOn(performance, "now");
  over.mockImplementation(() => now.call(performance) + (unseen().length <= 4 ? 25_000 : 0));

  await drift.run(quiet, repair);
  over.mockRestore();
  const left = unseen();
  await drift.run(quiet, repair);

  expect(left).toEqual(["team-18", "team-19", "team-20", "team-21"]);
  expect(unseen()).toEqual([]);
});

it("reads the list once in a period, and then the records that are due", async () => {
  await onboardMany(3);
  const { registry } = cloud.ports;
  const reads: string[] = [];
  const ports: Ports = {
    ...cloud.ports,
    registry: {
      ...registry,
      lookTimes() {
        reads.push("list");
        return registry.lookTimes();
      },
      getNamespace(ref) {
        reads.push(ref.namespace);
        return registry.getNamespace(ref);
      },
    },
  };
  const drift = watchOf(ports);

  for (let run = 0; run < 3; run += 1) await drift.run(quiet, repair);

  expect(reads.filter((each) => each === "list")).toHaveLength(1);
  expect(new Set(reads)).toEqual(new Set(["list", "team-0", "team-1", "team-2"]));
});

it("says which subscription has more namespaces than can be looked at in time", async () => {
  for (const namespace of ["team-a", "team-b", "team-c"]) await onboard(namespace, {});
  const pauseMs = 30_000;
  const [inTime, late] = [2, 1].map((everyMinutes) => watchOf(cloud.ports, { everyMinutes }, pauseMs));

  await inTime?.run(quiet, repair);
  await late?.run(quiet, repair);

  expect(inTime?.late()).toEqual([]);
  const subscription = cloud.ports.catalog.clusters["aks-dev"]?.subscriptionId;
  expect(late?.late()).toEqual([
    `Subscription ${subscription} has 3 namespaces, and a look at each takes 2 minutes: set drift.everyMinutes to that or more.`,
  ]);
});

it("does not count it as a failure when an operation began before the repair", async () => {
  await onboard("team-a");
  dropUser("team-a");

  await watchOf(cloud.ports, { repair: ["Error"] }).run(quiet, async () => {
    throw new Refusal("OPERATION_IN_PROGRESS", "another one runs");
  });

  expect(record("team-a").findings).toHaveLength(1);
});

it("keeps a finding that only a login can make until a login refutes it", async () => {
  const login = finding("LOGIN_REFUSED", "Job mooring-verify-1", { field: "end", expected: "0", found: "4" });
  await onboard("team-a", { verifiedTime: long, lookedTime: long, findings: [login] });

  await watch();

  expect(record("team-a").findings).toEqual([login]);
});

it("repeats an unsuccessful repair once a day, but immediately when there are other findings", () => {
  const drift = { everyMinutes: 60, repair: ["Error" as const] };
  const now = new Date("2026-06-01T00:00:00Z");
  const missing = finding("USER_MISSING", "sql-dev/orders", { field: "user", expected: "a", found: null });
  const first = toRepair({ drift }, { findings: [missing] }, now);

  expect(first).toEqual({ findings: expect.any(String), time: now.toISOString() });
  const repairTried = first ?? { findings: "", time: "" };
  const hour = new Date("2026-06-01T01:00:00Z");
  expect(toRepair({ drift }, { findings: [missing], repairTried }, hour)).toBeUndefined();
  expect(toRepair({ drift }, { findings: [missing], repairTried }, new Date("2026-06-02T01:00:00Z"))).toBeDefined();
  const other = { ...missing, target: "sql-dev/messages" };
  expect(toRepair({ drift }, { findings: [missing, other], repairTried }, hour)).toBeDefined();
  expect(toRepair({ drift: { ...drift, repair: "none" } }, { findings: [missing] }, now)).toBeUndefined();
  const added = finding("GRANT_ADDED", "sql-dev/orders", { field: "db_owner", expected: null, found: "x" });
  expect(toRepair({ drift: { ...drift, repair: ["Warning"] } }, { findings: [added] }, now)).toBeUndefined();
});

it("warns when a failed look could not be recorded, and still looks at the others", async () => {
  await onboard("one");
  await onboard("two");
  const told: string[] = [];
  const { registry, identities } = cloud.ports;
  const away = () => Promise.reject(new TransientError("REGISTRY_UNAVAILABLE", "the tables are away"));
  const ports = {
    ...cloud.ports,
    registry: { ...registry, replaceNamespace: away },
    identities: { ...identities, get: () => Promise.reject(new TransientError("ARM_UNAVAILABLE", "Azure is away")) },
  };

  await watchOf(ports).run({ log: () => undefined, warn: (line: string) => void told.push(line) }, repair);

  expect(told.filter((line) => line.includes("failed look not noted"))).toHaveLength(2);
  expect(told.join()).toContain("the tables are away");
});

it("tries again what was granted and not yet in effect", async () => {
  const pending = finding("LOGIN_NOT_YET_EFFECTIVE", "uploads", { field: "read", expected: "let in", found: "403" });
  const absent = finding("LOGIN_TARGET_ABSENT", "uploads", { field: "read", expected: "let in", found: "404" });
  await onboard("waiting", { verifiedTime: long, lookedTime: long, findings: [pending] });
  await onboard("settled", { verifiedTime: long, lookedTime: long, findings: [absent] });

  await watch();

  // The catalog allows no Job here: the login says nothing, and nothing is pending any more.
  expect(record("waiting").findings ?? []).toEqual([]);
  expect(record("settled").findings).toEqual([absent]);
});
