import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { printMark } from "../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { catalog, createFakeCloud, type FakeCloud, issuer } from "../support/fakeCloud.ts";
import { clientIdOf } from "../support/ids.ts";
import { operate, send } from "../support/operations.ts";
import { expectNothingLeft } from "../support/remains.ts";

let cloud: FakeCloud;

beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

const workload = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [
    { server: "sql-dev", database: "messages", roles: ["reader"] },
    { server: "sql-dev", database: "orders", roles: ["writer", "executor"] },
  ],
});
const operator: Caller = { id: "operator", name: "operator", roles: ["Onboarding.Operate"], teams: [] };
const pod = OnboardingRequest.parse({ ...workload, namespace: "team-b", identityMode: "podIdentity" });

async function run(kind: "onboard" | "offboard", request: OnboardingRequest) {
  return (await operate(cloud, kind, request, { operation: `${kind}-1` })).run;
}

it("gives a namespace its identity, users, objects and credential, and records them", async () => {
  const { status, customStatuses } = await run("onboard", workload);

  expect(status).toBe("Completed");
  expect(cloud.operations.get("onboard-1")).toMatchObject({
    status: "Succeeded",
    result: { clientId: expect.any(String) },
  });
  const name = identityName(workload);
  const identity = cloud.identities.get(name);
  const sid = sidFromClientId(clientIdOf(identity?.clientId ?? ""));
  expect(cloud.users.get("sql-dev/messages")?.get(name)).toMatchObject({ sid, roles: ["db_datareader"] });
  expect(cloud.users.get("sql-dev/orders")?.get(name)).toMatchObject({
    sid,
    roles: ["db_datareader", "db_datawriter"],
    permissions: ["EXECUTE"],
  });
  expect(cloud.credentials.get(name)).toEqual([
    expect.objectContaining({
      issuer,
      subject: "system:serviceaccount:team-a:app",
      audiences: ["api://AzureADTokenExchange"],
    }),
  ]);
  expect(cloud.objects.get("v1 ServiceAccount team-a/app")?.metadata.annotations).toMatchObject({
    "azure.workload.identity/client-id": identity?.clientId,
  });
  expect(customStatuses).toEqual(["preflight", "provisioning", "verifying", "done"].map((phase) => ({ phase })));
  expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Onboarded");
  expect(cloud.events.map(({ data }) => "status" in data && data.status)).toEqual(["Running", "Succeeded"]);
});

it("applies AzureIdentity and binding in pod identity mode, and no service account", async () => {
  await run("onboard", pod);

  const kinds = [...cloud.objects.values()].map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(["Namespace", "ConfigMap", "AzureIdentity", "AzureIdentityBinding"]));
  expect(kinds).not.toContain("ServiceAccount");
  expect(cloud.operations.get("onboard-1")?.status).toBe("Succeeded");
});

it.each([workload, pod])("removes everything again when $identityMode is offboarded", async (request) => {
  await run("onboard", request);

  await run("offboard", request);

  expect(cloud.operations.get("offboard-1")).toMatchObject({ status: "Succeeded" });
  expectNothingLeft(cloud);
  expect(cloud.namespaces.size).toBe(0);
});

const writes = [
  "put identity",
  "apply Namespace",
  "apply ConfigMap",
  "change sql-dev/messages",
  "change sql-dev/orders",
  "apply ServiceAccount",
  "put credential",
];

it.each(writes)("leaves nothing behind when %s fails for good", async (failing) => {
  cloud.onWrite = ({ what, when }) => {
    if (what === failing && when === "before") throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
  };

  const { customStatuses } = await run("onboard", workload);

  expect(cloud.operations.get("onboard-1")).toMatchObject({
    status: "Failed",
    error: { code: "ARM_FORBIDDEN", message: expect.stringContaining("is refused"), fix: expect.any(String) },
  });
  expect(customStatuses).toContainEqual({ phase: "compensating" });
  expectNothingLeft(cloud);
  expect(cloud.namespaces.size).toBe(0);
});

it.each(writes)("succeeds when the answer to %s is lost every time", async (lost) => {
  cloud.onWrite = ({ what, when }) => {
    if (what === lost && when === "after") throw new TransientError("ARM_UNAVAILABLE", "no answer came");
  };

  await run("onboard", workload);

  // The second attempt finds what the first one did.
  expect(cloud.operations.get("onboard-1")).toMatchObject({ status: "Succeeded" });
});

it("says of what it could not write for others that something else writes it", async () => {
  cloud.onWrite = ({ what }) => {
    if (what === "put identity") throw new TransientError("ARM_CONCURRENT_WRITE", "412", { isWithoutEffect: true });
  };

  await run("onboard", workload);

  expect(cloud.operations.get("onboard-1")).toMatchObject({
    status: "Failed",
    error: {
      code: "ARM_CONCURRENT_WRITE",
      retryable: true,
      fix: expect.stringContaining("find out what else writes the resource"),
    },
  });
  expectNothingLeft(cloud);
});

it("compensates with the last error when a transient fault persists", async () => {
  cloud.onWrite = ({ what }) => {
    if (what === "change sql-dev/orders") throw new TransientError("SQL_UNAVAILABLE", "the database is resuming");
  };

  const { calls } = await run("onboard", workload);

  expect(calls.filter((name) => name === "grantDatabase")).toHaveLength(1 + catalog.retry.attempts);
  expect(cloud.operations.get("onboard-1")).toMatchObject({
    status: "Failed",
    error: { code: "SQL_UNAVAILABLE", message: "the database is resuming", retryable: true },
  });
  expectNothingLeft(cloud);
});

it("undoes the newest step first", async () => {
  cloud.onWrite = ({ what, when }) => {
    if (what === "put credential" && when === "before") throw new PermanentError("ARM_FORBIDDEN", "refused");
  };

  const { calls } = await run("onboard", workload);

  const undos = calls.slice(calls.indexOf("connectWorkload") + 1);
  expect(undos).toEqual([
    "removeServiceAccount",
    "unfederateIdentity",
    "revokeDatabase",
    "revokeDatabase",
    "removeIdentity",
    "removeNamespace",
    "recordOutcome",
  ]);
});

it("names what could not be undone, undoes the rest, and keeps the namespace's record", async () => {
  cloud.onWrite = ({ what, when }) => {
    if (what === "put credential" && when === "before")
      throw new PermanentError("ARM_FORBIDDEN", "no right to federate");
    if (what === "remove identity" && when === "before")
      throw new PermanentError("ARM_FORBIDDEN", "no right to delete");
  };

  await run("onboard", workload);

  expect(cloud.operations.get("onboard-1")?.error).toMatchObject({
    code: "COMPENSATION_FAILED",
    message: expect.stringMatching(/no right to federate.*removeIdentity \(no right to delete\)/),
  });
  expect(cloud.identities.size).toBe(1);
  expect([...cloud.users.values()].flatMap((users) => [...users.keys()])).toEqual([]);
  expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Incomplete");
});

it("stops before the first write when preflight finds blockers, and names them all", async () => {
  const name = identityName(workload);
  const foreign = {
    type: "E",
    sid: `0x${"AB".repeat(16)}`,
    roles: [],
    permissions: [],
    ownedSchemas: [],
    mark: undefined,
  };
  for (const users of cloud.users.values()) users.set(name, { name, ...foreign });
  const written: string[] = [];
  cloud.onWrite = ({ what }) => written.push(what);

  await run("onboard", workload);

  expect(cloud.operations.get("onboard-1")?.error).toMatchObject({
    code: "SQL_USER_CONFLICT",
    message: expect.stringMatching(/sql-dev\/messages.*sql-dev\/orders/),
  });
  expect(written).toEqual([]);
  expect(cloud.users.get("sql-dev/messages")?.get(name)).toEqual({ name, ...foreign });
});

it("leaves what existed before untouched when it fails", async () => {
  const serviceAccount = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "app", namespace: "team-a", uid: "u1" },
  };
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", uid: "u2" } };
  cloud.objects.set("v1 Namespace /team-a", namespace);
  cloud.objects.set("v1 ServiceAccount team-a/app", serviceAccount);

  await run("onboard", workload);

  expect(cloud.operations.get("onboard-1")?.error?.code).toBe("KUBERNETES_CONFLICT");
  expect(cloud.objects.get("v1 Namespace /team-a")).toEqual(namespace);
  expect(cloud.objects.get("v1 ServiceAccount team-a/app")).toEqual(serviceAccount);
  expect(cloud.identities.size).toBe(0);
});

it("replaces the user of an identity that no record knows once an operator has decided, with what was asked for", async () => {
  const name = identityName(workload);
  const mark = printMark({ berth: "aks-dev/team-a", operation: "earlier", grants: { db_datareader: "earlier" } });
  const stale = { name, type: "E", sid: `0x${"CD".repeat(16)}`, permissions: [], ownedSchemas: [], mark };
  cloud.users.get("sql-dev/messages")?.set(name, { ...stale, roles: ["app_role", "db_datareader"] });

  const ended = await send(cloud.ports, workload);
  expect(ended.error).toMatchObject({ code: "IDENTITY_UNRECORDED", message: expect.stringContaining(stale.sid) });
  expect((await send(cloud.ports, workload, { by: operator, adoptIdentity: "any" })).status).toBe("Succeeded");

  const identity = cloud.identities.get(name);
  expect(cloud.users.get("sql-dev/messages")?.get(name)).toMatchObject({
    sid: sidFromClientId(clientIdOf(identity?.clientId ?? "")),
    roles: ["db_datareader"],
  });
});

it("returns the same actions when it is replayed with the same answers", async () => {
  const first = await run("onboard", workload);
  cloud = createFakeCloud();
  providePorts(cloud.ports);

  const second = await run("onboard", workload);

  expect(second.calls).toEqual(first.calls);
  expect(second.turns).toBe(first.turns);
});
