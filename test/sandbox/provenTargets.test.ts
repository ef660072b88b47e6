/**
 * Targets proven by use: a verification Job reads something of each with the workload's identity, on the wires of their data, and what it
 * finds is told as what it is: not yet in effect, refused, out of reach, not there.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../local/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import type { TargetRequest } from "../../src/domain/targets/namedTarget.ts";
import { hasPostgres } from "../local/simulators/postgres/fixture.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

type Wanted = Readonly<Record<string, TargetRequest["access"]>>;

const postgres = hasPostgres("the proof of a PostgreSQL target");
let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox({ postgres, verificationJob: { image: "verify-app", timeoutSeconds: 60 } });
  service = serviceOf(sandbox);
});
afterEach(() => {
  sandbox.cloud.faults.clear();
  sandbox.cloud.world.roleDelayMs = 0;
});
afterAll(() => sandbox?.close());

async function onboard(namespace: string, wanted: Wanted) {
  const targets = Object.entries(wanted).map(([target, access]) => ({ target, access }));
  const operation = await service.waitFor(await service.onboard({ cluster: names.cluster, namespace, targets }));
  expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
}

const at = (namespace: string) => `/api/namespaces/${names.cluster}/${namespace}`;

async function verify(namespace: string) {
  return (await service.call("POST", `${at(namespace)}/verify`)).body["findings"];
}

async function foundBy(namespace: string) {
  return (await service.call("GET", at(namespace))).body["findings"] ?? [];
}

const readCalls = (wire: string) =>
  sandbox.cloud.faults.journal
    .filter((call) => call.wire === wire)
    .map(({ operation, target }) => `${operation} ${target}`);

describe("an onboarding", () => {
  it("reads something of each target that has a call for it", async () => {
    await onboard("proven", {
      ...{ uploads: ["read"], jobs: ["receive"], sessions: ["write"], secrets: ["read"], invoices: ["send"] },
      ...(postgres ? { ledger: ["read"] } : {}),
    });

    expect(await foundBy("proven")).toEqual([]);
    expect(readCalls("storage").toSorted()).toEqual([
      "GET blob stdev/uploads",
      "GET queue stdev/jobs",
      "GET table stdev/sessions()",
    ]);
    expect(readCalls("keyVault")).toEqual(["GET secrets kv-dev"]);
  });

  it("has nothing to try where no call only reads", async () => {
    const before = readCalls("storage").length;
    await onboard("unread", { jobs: ["send"], gpt: ["use"] });

    expect(await foundBy("unread")).toEqual([]);
    expect(readCalls("storage")).toHaveLength(before);
  });

  it("succeeds while its roles are not in effect yet, and says so until they are", async () => {
    sandbox.cloud.world.roleDelayMs = 300_000;
    await onboard("early", { uploads: ["read"], secrets: ["read"] });

    const pending = { code: "LOGIN_NOT_YET_EFFECTIVE", severity: "Info", repairable: false };
    expect(await foundBy("early")).toMatchObject([
      {
        ...pending,
        target: "uploads",
        found: expect.stringMatching(/^granted, in effect by .*Z: 403 AuthorizationPermissionMismatch$/),
      },
      { ...pending, target: "secrets", found: expect.stringContaining("403 Forbidden") },
    ]);
    sandbox.cloud.world.roleDelayMs = 0;
    expect(await verify("early")).toEqual([]);
    expect(await foundBy("early")).toEqual([]);
  });
});

describe("a verification", () => {
  beforeAll(() => onboard("judged", { uploads: ["read"], secrets: ["read"] }));

  it("finds a target that refuses the identity although Azure has had its time", async () => {
    const { roleAssignments } = sandbox.cloud.world;
    const name = identityName({ cluster: names.cluster, namespace: "judged" });
    const identity = [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
    for (const [key, each] of roleAssignments) {
      if (each.principalId !== identity?.principalId || !each.scope.endsWith("/uploads")) continue;
      roleAssignments.set(key, { ...each, createdTime: new Date(Date.now() - 11 * 60_000) });
    }
    sandbox.cloud.world.roleDelayMs = 12 * 60_000;

    expect(await verify("judged")).toMatchObject([
      {
        code: "LOGIN_TARGET_REFUSED",
        severity: "Error",
        target: "uploads",
        found: "403 AuthorizationPermissionMismatch",
      },
      { code: "LOGIN_NOT_YET_EFFECTIVE", target: "secrets" },
    ]);
  });

  it("finds a target behind a firewall, and one that does not answer", async () => {
    const times = Number.POSITIVE_INFINITY;
    sandbox.cloud.faults.add({
      wire: "storage",
      times,
      effect: { kind: "error", code: "AuthorizationFailure", status: 403 },
    });
    sandbox.cloud.faults.add({ wire: "keyVault", times, effect: { kind: "cutBefore" } });

    expect(await verify("judged")).toMatchObject([
      { code: "LOGIN_TARGET_UNREACHABLE", severity: "Error", target: "uploads", found: "403 AuthorizationFailure" },
      { code: "LOGIN_TARGET_UNREACHABLE", target: "secrets" },
    ]);
  });

  it("finds a container that is not there", async () => {
    const containers = sandbox.cloud.data.storage?.accounts.get("stdev")?.containers;
    const uploads = containers?.get("uploads");
    containers?.delete("uploads");

    expect(await verify("judged")).toMatchObject([
      { code: "LOGIN_TARGET_ABSENT", severity: "Warning", target: "uploads", found: "404 ContainerNotFound" },
    ]);
    containers?.set("uploads", uploads ?? new Map());
    expect(await verify("judged")).toEqual([]);
  });

  it("finds a namespace without a token", async () => {
    sandbox.cloud.faults.add({
      ...{ wire: "entra", operation: "token", times: Number.POSITIVE_INFINITY },
      effect: { kind: "error", code: "AADSTS700213", status: 401, message: "AADSTS700213: No matching record found." },
    });

    expect(await verify("judged")).toMatchObject([
      { code: "LOGIN_WITHOUT_TOKEN", target: "uploads", found: expect.stringContaining("AADSTS700213") },
      { code: "LOGIN_WITHOUT_TOKEN", target: "secrets" },
    ]);
  });
});
