/**
 * Operations that the last release begins and the checkout ends: the release is killed in the middle of a step of each kind,
 * and the checkout takes its place on the same store, tables and cloud, as in a deployment. docs/runbook.md, "A new version
 * while operations run".
 */

import type { Call, Fault } from "azure-sim/faults";
import { afterEach, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { ensureBuilt } from "../../sandbox/build.ts";
import { names } from "../../sandbox/cloud.ts";
import { identityOf, listFaults, listRemains } from "../proof/support/remains.ts";
import { withFixedRoles } from "../support/fixedRoles.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { checkout, type ReleasedApp, releases, unpackApp } from "./support/releases.ts";

let app: ReleasedApp | undefined;
let sandbox: SuiteSandbox | undefined;

beforeAll(() => ensureBuilt());
afterEach(async () => {
  await sandbox?.close();
  await app?.remove();
});

const wanted = (namespace: string, changes: object = {}) => ({
  cluster: names.cluster,
  namespace,
  databases: ["messages"].map(readerOf),
  ...changes,
});
const readerOf = (database: string) => ({ server: names.sqlServer, database, roles: ["reader"] });

/** One per kind of operation: what exists before, how it begins, and the write during which the release is killed. */
interface Story {
  readonly prepare?: (service: Service, running: SuiteSandbox) => Promise<void>;
  readonly begin: (service: Service) => Promise<string>;
  /** When missing, the operation waits for a person. */
  readonly stopsAt?: Pick<Fault, "wire" | "operation" | "target">;
  /** Everything that is wrong in the end. */
  readonly check: (running: SuiteSandbox) => Promise<readonly string[]>;
}

const onboarded = (namespace: string, changes?: object) => async (service: Service) => {
  const ended = await service.waitFor(await service.onboard(wanted(namespace, changes)));
  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
};

const isWhole =
  (namespace: string, databases = ["messages"]) =>
  async ({ cloud }: SuiteSandbox) =>
    await listFaults(cloud, { userRoles: ["db_datareader"], namespace, mode: "workloadIdentity", databases });
const isGone =
  (namespace: string) =>
  async ({ cloud }: SuiteSandbox) =>
    await listRemains(cloud, namespace, ["messages"]);

const post = async (service: Service, path: string, body?: object) => {
  const answer = await service.call("POST", `/api/${path}`, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 202 });
  return String(answer.body["id"]);
};
const upkeep = (namespace: string, what: string) => (service: Service) =>
  post(service, `namespaces/${names.cluster}/${namespace}/${what}`);

const identities = "Microsoft.ManagedIdentity/userAssignedIdentities";
const credentials = `${identities}/federatedIdentityCredentials`;
const arm = (operation: string, namespace: string) =>
  ({ wire: "arm", operation, target: new RegExp(`-${namespace}-`) }) as const;
const ofServiceAccount = (namespace: string) =>
  ({ wire: "kubernetes", operation: "PATCH serviceaccounts", target: new RegExp(`/${namespace}/`) }) as const;

const stories: Readonly<Record<string, Story>> = {
  onboarding: {
    begin: (service) => service.onboard(wanted("onboards")),
    stopsAt: ofServiceAccount("onboards"),
    check: isWhole("onboards"),
  },
  change: {
    prepare: onboarded("changes"),
    begin: (service) => service.onboard(wanted("changes", { databases: ["messages", "archive"].map(readerOf) })),
    stopsAt: { wire: "sql", operation: "CREATE USER", target: `${names.sqlServer}/archive` },
    check: isWhole("changes", ["messages", "archive"]),
  },
  approval: {
    begin: (service) => service.onboard(wanted("waits", { databases: [readerOf("orders")] })),
    check: isWhole("waits", ["orders"]),
  },
  batch: {
    begin: (service) =>
      post(service, "onboardings/batch", { requests: ["batch-1", "batch-2", "batch-3"].map((each) => wanted(each)) }),
    stopsAt: ofServiceAccount("batch-1"),
    check: async (running) =>
      (await Promise.all(["batch-1", "batch-2", "batch-3"].map((each) => isWhole(each)(running)))).flat(),
  },
  repair: {
    async prepare(service, { cloud }) {
      await onboarded("repairs")(service);
      identityOf(cloud, "repairs")?.federatedCredentials.clear();
    },
    begin: upkeep("repairs", "repair"),
    stopsAt: arm(`PUT ${credentials}`, "repairs"),
    check: isWhole("repairs"),
  },
  migration: {
    prepare: onboarded("migrates", { identityMode: "podIdentity" }),
    begin: upkeep("migrates", "migrate"),
    stopsAt: ofServiceAccount("migrates"),
    check: isWhole("migrates"),
  },
  offboarding: {
    prepare: onboarded("leaves"),
    begin: (service) => service.offboard(names.cluster, "leaves"),
    stopsAt: arm(`DELETE ${identities}`, "leaves"),
    check: isGone("leaves"),
  },
  compensation: {
    async prepare(service, { cloud: { faults } }) {
      const effect = { kind: "error", code: "AuthorizationFailed", status: 403 } as const;
      const takeBack = [`PUT ${credentials}`, `DELETE ${identities}`].map((operation) =>
        faults.add({ ...arm(operation, "fails"), times: Number.POSITIVE_INFINITY, effect }),
      );
      const failed = await service.waitFor(await service.onboard(wanted("fails")));
      for (const each of takeBack) each();
      expect(failed).toMatchObject({ status: "Failed", leftUndone: ["removeIdentity"] });
      toCompensate = failed.id;
    },
    begin: (service) => post(service, `operations/${toCompensate}/compensate`),
    stopsAt: arm(`DELETE ${identities}`, "fails"),
    check: isGone("fails"),
  },
};
let toCompensate = "";

it.each(releases)("ends what %s began", { timeout: 180_000 }, async (release) => {
  app = await unpackApp(release);
  const running = await startSandbox({
    because: "it begins with an earlier release",
    expectTraces: false,
    app: app.folder,
    catalogFor: (folder, catalog) => (folder === checkout ? catalog : withoutNewFields(catalog)),
    callers: "keys",
    databases: ["messages", "orders", "archive"],
    approval: { databases: [`${names.sqlServer}/orders`], timeoutMinutes: 60 },
    // The first release knows no other limits.
    limits: { requestsPerSecond: 2_000, burst: 10_000 },
    retry: { landingMs: undefined, undoTimeoutMs: undefined, namespaceDeletionMs: undefined },
  });
  sandbox = running;
  for (const database of ["messages", "orders", "archive"]) await withFixedRoles(running.cloud, database);
  const { faults, callers } = running.cloud;
  // It asks for kinds that the simulated cluster does not serve, and does without those that it may not list.
  const unserved = { kind: "error", code: "Forbidden", status: 403 } as const;
  faults.add({
    ...{ wire: "kubernetes", operation: /statefulsets|daemonsets/, effect: unserved },
    times: Number.POSITIVE_INFINITY,
  });
  const before = serviceOf(running);
  await Promise.all(Object.values(stories).map(({ prepare }) => prepare?.(before, running)));
  const stops = Object.values(stories).flatMap(({ stopsAt }) => stopsAt ?? []);
  for (const stop of stops) faults.add({ ...stop, effect: { kind: "hang" } });
  const begun = faults.journal.length;
  const ids = Object.fromEntries(
    await Promise.all(Object.entries(stories).map(async ([kind, { begin }]) => [kind, await begin(before)] as const)),
  );
  const reached = () =>
    stops.filter((stop) => faults.journal.slice(begun).some((call) => isAt(stop, call))).map(({ target }) => target);
  await expect.poll(reached, { timeout: 60_000 }).toEqual(stops.map(({ target }) => target));
  const waiting = `/api/operations/${ids["approval"]}`;
  await expect.poll(async () => (await before.call("GET", waiting)).body["phase"]).toBe("awaitingApproval");

  await running.killHost();
  faults.clear();
  await running.restartHost(checkout);

  const service = serviceOf(running);
  const approver = serviceOf(running, { "x-mooring-key": callers?.approverKey ?? "" });
  const { requestHash } = (await service.call("GET", waiting)).body["approval"] as { requestHash: string };
  const decided = await approver.call("POST", `${waiting}/approve`, { requestHash });
  expect(decided.status, JSON.stringify(decided.body)).toBe(202);
  for (const [kind, { check }] of Object.entries(stories)) {
    const ended = await service.waitFor(ids[kind] ?? "", 60_000);
    expect({ kind, status: ended.status }, JSON.stringify(ended.error)).toEqual({ kind, status: "Succeeded" });
    expect({ kind, faults: await check(running) }).toEqual({ kind, faults: [] });
  }
  expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
});

/** A release refuses a catalog with fields that it does not know. */
function withoutNewFields(catalog: string): string {
  const { targets: _targets, profiles: _profiles, teams, ...known } = parse(catalog) as Record<string, object>;
  const released = Object.entries(teams ?? {}).map(([team, { targets: _ofTeam, ...rights }]) => [team, rights]);
  return stringify(asReleased({ ...known, teams: Object.fromEntries(released) }));
}

const newFields = [
  "landingMs",
  "undoTimeoutMs",
  "namespaceDeletionMs",
  "owner",
  "network",
  "identityBinding",
  "managedNamespaces",
];

function asReleased(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((each) => !newFields.includes(String(each))).map(asReleased);
  if (typeof value !== "object" || value === null) return value;
  const known = Object.entries(value).filter(([field]) => !newFields.includes(field));
  return Object.fromEntries(known.map(([field, inner]) => [field, asReleased(inner)]));
}

function isAt({ wire, operation, target }: NonNullable<Story["stopsAt"]>, call: Call): boolean {
  const fits = (wanted: string | RegExp | undefined, found: string) =>
    wanted instanceof RegExp ? wanted.test(found) : wanted === found;
  return call.wire === wire && fits(operation, call.operation) && fits(target, call.target);
}
