/** A SQL server's administrator on the whole system: set if missing, never replaced, undone only by the operation that set it. */

import { actionFor } from "azure-sim/arm";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { readRights } from "../../sandbox/rights.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
let approver: Service;
let wanted: { login: string; objectId: string };
const step = { name: "ensureSqlAdmin", target: names.sqlServer };

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog sets the administrator of the SQL server",
    setsSqlAdmin: true,
    callers: "keys",
    approval: { databases: [`${names.sqlServer}/archive`], timeoutMinutes: 60 },
    databases: ["messages", "orders", "archive"],
  });
  service = serviceOf(sandbox);
  approver = serviceOf(sandbox, { "x-mooring-key": sandbox.cloud.callers?.approverKey ?? "" });
  const { displayName: login, principalId: objectId } = sandbox.cloud.principals.databaseAdministrator;
  wanted = { login, objectId };
});
beforeEach(() => {
  server().entraAdmin = undefined;
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(() => sandbox?.close());

function server() {
  const [found] = sandbox.cloud.world.sqlServers.values();
  if (!found) throw new Error("there is no SQL server");
  return found;
}

const request = (namespace: string, databases = ["messages", "orders"]) => ({
  cluster: names.cluster,
  namespace,
  databases: databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
});

const onboard = async (namespace: string) => await service.waitFor(await service.onboard(request(namespace)));
const offboard = async (namespace: string) => await service.waitFor(await service.offboard(names.cluster, namespace));
const plan = async (namespace: string) =>
  (await service.call("POST", "/api/onboardings?dryRun=true", request(namespace))).body;
const post = async (namespace: string, what: string) =>
  (await service.call("POST", `/api/namespaces/${names.cluster}/${namespace}/${what}`)).body;

/** Refuses the last step of an onboarding. */
function refuseCredentials(): void {
  sandbox.cloud.faults.add({
    wire: "arm",
    operation: /^PUT .*federatedIdentityCredentials$/,
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: "AuthorizationFailed", status: 403 },
  });
}

it("is planned, set, shown and verified, is set again after its removal, and survives an offboarding", async () => {
  expect(await plan("admin")).toMatchObject({
    blocked: false,
    steps: expect.arrayContaining([
      expect.objectContaining({
        ...step,
        action: "create",
        differences: [{ field: "administrator", current: null, desired: `${wanted.login} (${wanted.objectId})` }],
      }),
      expect.objectContaining({
        name: "grantDatabase",
        action: "create",
        notices: [expect.objectContaining({ code: "SQL_NOT_SEEN_YET" })],
      }),
    ]),
  });

  const onboarded = await onboard("admin");
  expect(onboarded.status, JSON.stringify(onboarded.error)).toBe("Succeeded");
  expect(onboarded.steps.slice(0, 2)).toMatchObject([
    { name: "preflight" },
    { ...step, action: "create", status: "Succeeded" },
  ]);
  expect(server().entraAdmin).toEqual(wanted);
  const { value: trail } = (await service.call("GET", `/api/audit?operation=${onboarded.id}`)).body as {
    value: { what: string }[];
  };
  expect(trail.filter(({ what }) => what === step.name)).toMatchObject([{ target: names.sqlServer, action: "create" }]);
  const exported = await fetch(`${sandbox.url}/api/namespaces/${names.cluster}/admin/export?format=azurecli`, {
    headers: { "x-mooring-key": sandbox.cloud.callers?.key ?? "" },
  });
  expect(await exported.text()).toContain(`--object-id ${wanted.objectId}`);

  const { steps } = (await plan("another")) as { steps: { name: string }[] };
  expect(steps.map(({ name }) => name)).not.toContain(step.name);
  server().entraAdmin = undefined;
  expect(await post("admin", "verify")).toMatchObject({
    findings: expect.arrayContaining([expect.objectContaining({ code: "SQL_ADMIN_GONE", target: names.sqlServer })]),
  });
  const repaired = await service.waitFor(String((await post("admin", "repair"))["id"]));
  expect(repaired.status, JSON.stringify(repaired.error)).toBe("Succeeded");
  expect(server().entraAdmin).toEqual(wanted);

  expect((await offboard("admin")).status).toBe("Succeeded");
  expect(server().entraAdmin).toEqual(wanted);
});

it("is never replaced: another administrator stops the operation before anything is written", async () => {
  const other = { login: "others", objectId: crypto.randomUUID() };
  server().entraAdmin = other;

  expect(await plan("refused")).toMatchObject({
    blocked: true,
    steps: expect.arrayContaining([
      expect.objectContaining({
        ...step,
        action: "conflict",
        blockers: [expect.objectContaining({ code: "SQL_ADMIN_CONFLICT", fix: expect.stringContaining("entraAdmin") })],
      }),
    ]),
  });
  const refused = await onboard("refused");
  expect(refused).toMatchObject({ status: "Failed", error: { code: "SQL_ADMIN_CONFLICT" } });
  expect(server().entraAdmin).toEqual(other);
});

it("is set again if it was removed during the wait for approval; another administrator stops the operation", async () => {
  const approved = async (namespace: string, meanwhile: { login: string; objectId: string } | undefined) => {
    server().entraAdmin = wanted;
    const id = await service.onboard(request(namespace, ["archive"]));
    const path = `/api/operations/${id}`;
    await expect.poll(async () => (await service.call("GET", path)).body["phase"]).toBe("awaitingApproval");
    server().entraAdmin = meanwhile;
    const { approval } = (await approver.call("GET", path)).body as { approval: { requestHash: string } };
    await approver.call("POST", `${path}/approve`, { requestHash: approval.requestHash });
    return await service.waitFor(id);
  };

  const went = await approved("late", undefined);
  expect(went.status, JSON.stringify(went.error)).toBe("Succeeded");
  expect(went.steps).toContainEqual(expect.objectContaining({ ...step, action: "create" }));
  expect(server().entraAdmin).toEqual(wanted);

  const other = { login: "others", objectId: crypto.randomUUID() };
  expect(await approved("late-other", other)).toMatchObject({
    status: "Failed",
    error: { code: "SQL_ADMIN_CONFLICT" },
  });
  expect(server().entraAdmin).toEqual(other);
  server().entraAdmin = wanted;
  expect((await offboard("late")).status).toBe("Succeeded");
});

it("is unset by the failed operation that set it, if nobody else depends on it", async () => {
  refuseCredentials();

  const failed = await onboard("undone");

  expect(failed).toMatchObject({ status: "Failed" });
  expect(failed.steps).toContainEqual(
    expect.objectContaining({ name: "unsetSqlAdmin", target: names.sqlServer, action: "delete", status: "Succeeded" }),
  );
  expect(server().entraAdmin).toBeUndefined();
  const { administratorActions } = await readRights();
  const calls = sandbox.cloud.faults.journal.filter(({ wire }) => wire === "arm");
  const used = calls.map(({ operation }) => actionFor(...(operation.split(" ") as [string, string])));
  expect(administratorActions.filter((action) => !used.includes(action))).toEqual([]);
});
