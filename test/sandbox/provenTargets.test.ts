/**
 * Targets proven by use: a verification Job reads something of each with the workload's identity, on the wires of their data, and what it
 * finds is told as what it is: not yet in effect, refused, out of reach, not there.
 */
import { join } from "node:path";
import { hasPostgres } from "azure-sim/testing/postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { createTeamCluster, readManifest } from "../../sandbox/demo/cluster.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import type { TargetRequest } from "../../src/domain/targets/namedTarget.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

type Wanted = Readonly<Record<string, TargetRequest["access"]>>;

/** As long as the Job of a busy machine. */
const jobMs = 80_000;
const postgres = hasPostgres("the proof of a PostgreSQL target");
let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog has a verification Job",
    postgres,
    more: { returns: "serviceBus" },
    verificationJob: { image: "verify-app", timeoutSeconds: 60 },
  });
  service = serviceOf(sandbox);
});
afterEach(() => {
  sandbox.cloud.faults.clear();
  sandbox.cloud.world.roleDelayMs = 0;
});
afterAll(() => sandbox?.close());

async function onboard(namespace: string, wanted: Wanted) {
  const targets = Object.entries(wanted).map(([target, access]) => ({ target, access }));
  const operation = await service.waitFor(await service.onboard({ cluster: names.cluster, namespace, targets }), jobMs);
  expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
}

const at = (namespace: string) => `/api/namespaces/${names.cluster}/${namespace}`;

async function verify(namespace: string) {
  return (await service.call("POST", `${at(namespace)}/verify`)).body["findings"];
}

async function foundBy(namespace: string) {
  return (await service.call("GET", at(namespace))).body["findings"] ?? [];
}

/** Each once, however often. */
const readCalls = (wire: string) => {
  const calls = sandbox.cloud.faults.journal.filter((call) => call.wire === wire);
  return [...new Set(calls.map(({ operation, target }) => `${operation} ${target}`))].toSorted();
};

it("reads something of each target that has a call for it, and says of each whose role is not in effect yet, until it is", async () => {
  sandbox.cloud.world.roleDelayMs = 3_600_000;
  await onboard("proven", {
    ...{ uploads: ["read"], jobs: ["receive"], sessions: ["write"], secrets: ["read"], invoices: ["send"] },
    ...{ carts: ["read"], shop: ["write"], settings: ["read"], gpt: ["use"], returns: ["receive"] },
    ...(postgres ? { ledger: ["read"] } : {}),
  });

  const pending = (target: string, answer: string) =>
    expect.objectContaining({
      ...{ code: "LOGIN_NOT_YET_EFFECTIVE", severity: "Info", repairable: false, target },
      found: expect.stringMatching(new RegExp(`^granted, in effect by .*Z: ${answer}`)),
    });
  const early = await foundBy("proven");
  expect(early).toEqual(
    expect.arrayContaining([
      pending("uploads", "403 AuthorizationPermissionMismatch$"),
      pending("jobs", "403"),
      pending("sessions", "403"),
      pending("secrets", "403 Forbidden"),
      pending("carts", "403 Forbidden$"),
      pending("shop", "403 Forbidden$"),
      pending("settings", "403$"),
      pending("gpt", "401 PermissionDenied$"),
      pending("returns", "UnauthorizedAccess$"),
    ]),
  );
  expect(early).toHaveLength(9);
  sandbox.cloud.world.roleDelayMs = 0;
  expect(await verify("proven")).toEqual([]);
  expect(await foundBy("proven")).toEqual([]);
  expect(readCalls("storage")).toEqual([
    "GET blob stdev/uploads",
    "GET queue stdev/jobs",
    "GET table stdev/sessions()",
  ]);
  expect(readCalls("keyVault")).toEqual(["GET secrets kv-dev"]);
  expect(readCalls("cosmos")).toEqual(["GET cosmos-dev/dbs/shop", "GET cosmos-dev/dbs/shop/colls/carts"]);
  expect(readCalls("appConfiguration")).toEqual(["GET keys appcs-dev"]);
  expect(readCalls("serviceBus")).toContain("peek sb-dev/returns");
  expect(readCalls("openAi")).toEqual(["GET models oai-dev"]);
});

describe("an application", () => {
  /** The sample of that name, in a pod from its manifest. */
  async function run(sample: string, namespace: string) {
    const pod = await readManifest(join("samples", sample, "pod.workload-identity.yaml"));
    const team = createTeamCluster(sandbox.cloud.kubernetes.kubeconfig());
    const { exitCode, log } = await team.run({ ...pod, metadata: { ...pod.metadata, namespace } });
    return { exitCode, log };
  }

  it("leaves blobs in its container, with no key, if it may write there", async () => {
    await onboard("uploading", { uploads: ["read", "write"] });
    await onboard("looking", { uploads: ["read"] });

    expect(await run("upload-app", "uploading")).toEqual({ exitCode: 0, log: "greeting.txt\n" });
    expect(await run("upload-app", "looking")).toMatchObject({
      exitCode: 5,
      log: expect.stringMatching(/^May not PUT in container "uploads": 403 AuthorizationPermissionMismatch/),
    });
    expect(
      sandbox.cloud.data.storage?.accounts.get("stdev")?.containers.get("uploads")?.get("greeting.txt"),
    ).toMatchObject({
      text: "No key was needed.",
    });
  });

  it.runIf(postgres)("keeps a ledger, with no password, if it may write there", async () => {
    const create =
      "CREATE TABLE entries (id serial PRIMARY KEY, what text); ALTER TABLE entries OWNER TO azure_pg_admin";
    await sandbox.cloud.postgresServers.get("pg-dev")?.runScript("ledger", create);
    await onboard("keeping", { ledger: ["write"] });
    await onboard("reading", { ledger: ["read"] });

    expect(await run("ledger-app", "keeping")).toEqual({ exitCode: 0, log: "1\tNo password was needed.\n" });
    expect(await run("ledger-app", "reading")).toMatchObject({
      exitCode: 5,
      log: expect.stringMatching(/^May not write the ledger: permission denied for table entries/),
    });
    expect(await verify("reading")).toEqual([]);
  });
});

describe("a verification", () => {
  beforeAll(() => onboard("judged", { uploads: ["read"], jobs: ["receive"], secrets: ["read"], returns: ["receive"] }));

  it("finds a target that refuses the identity although Azure has had its time, and one that does not answer", async () => {
    const { roleAssignments } = sandbox.cloud.world;
    const name = identityName({ cluster: names.cluster, namespace: "judged" });
    const identity = [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
    for (const [key, each] of roleAssignments) {
      if (each.principalId !== identity?.principalId || !each.scope.endsWith("/uploads")) continue;
      roleAssignments.set(key, { ...each, createdTime: new Date(Date.now() - 11 * 60_000) });
    }
    sandbox.cloud.world.roleDelayMs = 60 * 60_000;
    const times = Number.POSITIVE_INFINITY;
    sandbox.cloud.faults.add({
      wire: "storage",
      target: "stdev/jobs",
      times,
      effect: { kind: "error", code: "AuthorizationFailure", status: 403 },
    });
    sandbox.cloud.faults.add({
      wire: "keyVault",
      times,
      effect: { kind: "error", code: "InternalServerError", status: 500 },
    });
    sandbox.cloud.faults.add({
      wire: "serviceBus",
      target: "sb-dev/*",
      times,
      effect: { kind: "error", code: "com.microsoft:server-busy", status: 503 },
    });

    expect(await verify("judged")).toMatchObject([
      {
        code: "LOGIN_TARGET_REFUSED",
        severity: "Error",
        target: "uploads",
        found: "403 AuthorizationPermissionMismatch",
      },
      // A firewall's 403 is no matter of rights.
      { code: "LOGIN_TARGET_UNREACHABLE", severity: "Error", target: "jobs", found: "403 AuthorizationFailure" },
      { code: "LOGIN_TARGET_UNREACHABLE", target: "secrets", found: "500 InternalServerError" },
      { code: "LOGIN_TARGET_UNREACHABLE", target: "returns", found: "ServiceBusy" },
    ]);
  });

  it("finds a container and a queue that are not there", async () => {
    const message = "The messaging entity 'returns' could not be found.";
    const missing = { kind: "error", code: "amqp:not-found", status: 404, message } as const;
    const comeBack = sandbox.cloud.faults.add({ wire: "serviceBus", target: "sb-dev/*", times: 9, effect: missing });
    const containers = sandbox.cloud.data.storage?.accounts.get("stdev")?.containers;
    const uploads = containers?.get("uploads");
    containers?.delete("uploads");

    expect(await verify("judged")).toMatchObject([
      { code: "LOGIN_TARGET_ABSENT", severity: "Warning", target: "uploads", found: "404 ContainerNotFound" },
      { code: "LOGIN_TARGET_ABSENT", target: "returns", found: "MessagingEntityNotFound" },
    ]);
    comeBack();
    containers?.set("uploads", uploads ?? new Map());
    expect(await verify("judged")).toEqual([]);
  });
});
