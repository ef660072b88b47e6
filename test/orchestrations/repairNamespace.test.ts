/** What a repair leaves to people, and what it does where it cannot write. */

import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { planRepair } from "../../src/application/plan/planRepair.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { type FindingCode, type Severity, severityOf } from "../../src/domain/finding.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { printMark } from "../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import type { DatabaseUser } from "../../src/ports/databases.ts";
import type { FakeCloud } from "../support/fakeCloud.ts";
import { clientIdOf, newPair } from "../support/ids.ts";
import { operate } from "../support/operations.ts";
import { Onboarded, pod, workload } from "./onboarded.ts";

let namespaces: Onboarded;
let cloud: FakeCloud;

beforeEach(() => {
  namespaces = new Onboarded();
  cloud = namespaces.cloud;
});

const name = identityName(workload);
const podName = identityName(pod);
const podApi = "aadpodidentity.k8s.io/v1";

it("writes nothing when nothing has drifted", async () => {
  await namespaces.onboard(workload);

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation.status).toBe("Succeeded");
  expect(namespaces.written).toEqual([]);
  expect([...cloud.steps].filter(([id]) => id.startsWith(operation.id)).map(([, { action }]) => action)).toEqual(
    Array(9).fill("none"),
  );
});

it("reports what is foreign, and leaves it alone", async () => {
  await namespaces.onboard(workload);
  const identity = cloud.identities.get(name);
  if (!identity) throw new Error("no identity");
  cloud.identities.set(name, { ...identity, tags: { ...identity.tags, costCenter: "42" } });
  const foreign = { name: "theirs", issuer: "https://other/", subject: "system:serviceaccount:x:y", audiences: ["a"] };
  cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), foreign]);
  namespaces.editUser("messages", (user) => ({ ...user, roles: [...user.roles, "db_owner"], ownedSchemas: ["app"] }));
  cloud.objects.set("v1 ServiceAccount team-a/other", {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "other", namespace: "team-a" },
  });
  // A copy of Mooring's own service account.
  namespaces.addAccount("copy", { manager: "kubectl-client-side-apply" });
  const told = (await namespaces.findings(workload)).map((each) => [each.code, severityOf(each)]);

  const { operation } = await operate(cloud, "repair", workload);

  expect(told).toEqual([
    ["IDENTITY_TAGS_ADDED", "Info"],
    ["CREDENTIAL_ADDED", "Warning"],
    ["GRANT_ADDED", "Warning"],
    ["SCHEMA_OWNED", "Warning"],
  ]);
  expect(operation.status).toBe("Succeeded");
  expect(namespaces.written).toEqual([]);
  expect(
    namespaces
      .recordOf(workload)
      .findings?.map(({ code }) => code)
      .toSorted(),
  ).toEqual(told.map(([code]) => code).toSorted());
});

it.each<[string, string, (user: DatabaseUser) => DatabaseUser, FindingCode, Severity, string]>([
  ["who may not connect", "messages", (user) => ({ ...user, isDisabled: true }), "USER_DISABLED", "Error", "CONNECT"],
  [
    "who was denied all reading",
    "messages",
    (user) => ({ ...user, otherPermissions: ["DENY SELECT"] }),
    "GRANT_DENIED",
    "Error",
    "DENY SELECT",
  ],
  [
    "who is in a role that denies writing",
    "orders",
    (user) => ({ ...user, roles: [...user.roles, "db_denydatawriter"] }),
    "GRANT_DENIED",
    "Error",
    "db_denydatawriter",
  ],
  [
    "who was denied part of it",
    "messages",
    (user) => ({ ...user, otherPermissions: ["DENY SELECT ON dbo.salaries"] }),
    "DENY_ADDED",
    "Warning",
    "DENY SELECT ON dbo.salaries",
  ],
  [
    "who was denied something that was not requested",
    "messages",
    (user) => ({ ...user, otherPermissions: ["DENY UPDATE"] }),
    "DENY_ADDED",
    "Warning",
    "DENY UPDATE",
  ],
  [
    "with a permission on a schema",
    "messages",
    (user) => ({ ...user, otherPermissions: ["GRANT CONTROL ON SCHEMA dbo"] }),
    "GRANT_ADDED",
    "Warning",
    "GRANT CONTROL ON SCHEMA dbo",
  ],
])("reports a user %s, and leaves that to people", async (_who, database, change, code, severity, found) => {
  await namespaces.onboard(workload);
  namespaces.editUser(database, change);

  const told = await namespaces.findings(workload);
  await operate(cloud, "repair", workload);

  expect(told).toMatchObject([{ code, target: `sql-dev/${database}` }]);
  expect(`${told[0]?.field} ${told[0]?.found}`).toContain(found);
  expect(told.map(severityOf)).toEqual([severity]);
  expect(namespaces.written).toEqual([]);
});

it("looks a second time only when something is broken, and not for what is merely extra", async () => {
  await namespaces.onboard(workload);
  namespaces.editUser("messages", (user) => ({ ...user, roles: [...user.roles, "db_owner"] }));
  const { identities } = cloud.ports;
  let looks = 0;
  const get: typeof identities.get = async (ref) => {
    looks += 1;
    return await identities.get(ref);
  };
  const ports = { ...cloud.ports, identities: { ...identities, get } };
  const inspection = { request: workload, clientId: namespaces.recordOf(workload).clientId };

  await proveNamespace(ports, inspection, "run");
  expect(looks).toBe(1);
  cloud.users.get("sql-dev/messages")?.clear();
  await proveNamespace(ports, inspection, "run");

  expect(looks).toBe(3);
});

it("reports a binding that somebody added for the identity, and leaves it", async () => {
  await namespaces.onboard(pod);
  const binding = {
    apiVersion: podApi,
    kind: "AzureIdentityBinding",
    metadata: { name: "theirs", namespace: "team-b" },
    spec: { azureIdentity: podName, selector: "everybody" },
  };
  cloud.objects.set(`${podApi} AzureIdentityBinding team-b/theirs`, binding);

  await operate(cloud, "repair", pod);

  expect(await namespaces.findings(pod)).toMatchObject([{ code: "BINDING_ADDED", found: "everybody" }]);
  expect(namespaces.written).toEqual([]);
});

it("grants nothing to an identity that replaced the onboarded one", async () => {
  await namespaces.onboard(workload);
  const identity = cloud.identities.get(name);
  if (!identity) throw new Error("no identity");
  const clientId = "99999999-9999-4999-8999-999999999999";
  cloud.identities.set(name, { ...identity, ...newPair(() => clientId), tags: {} });

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation).toMatchObject({ status: "Failed", error: { code: "IDENTITY_CONFLICT" } });
  expect(namespaces.written).toEqual([]);
  expect(cloud.users.get("sql-dev/messages")?.get(name)?.sid).not.toBe(sidFromClientId(clientIdOf(clientId)));
  expect(namespaces.recordOf(workload)).toMatchObject({ state: "Onboarded" });
});

it("grants nothing to a namespace that replaced the onboarded one", async () => {
  await namespaces.onboard(workload);
  for (const [key, { metadata }] of cloud.objects) if (metadata.namespace === "team-a") cloud.objects.delete(key);
  const theirs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", uid: "another" } };
  cloud.objects.set("v1 Namespace /team-a", theirs);
  const { clientId, namespaceUid } = namespaces.recordOf(workload);
  const found = await inspectNamespace(cloud.ports, { request: workload, clientId, namespaceUid });
  const plan = await planRepair(cloud.ports, { operation: "dry", request: workload, clientId });

  const { operation } = await operate(cloud, "repair", workload);

  expect(found.map(({ code }) => code)).toContain("NAMESPACE_RECREATED");
  expect(plan.blocked).toBe(true);
  expect(operation).toMatchObject({ status: "Failed", error: { code: "NAMESPACE_RECREATED" } });
  expect(namespaces.written).toEqual([]);
});

it("leaves a service account that replaced Mooring's", async () => {
  await namespaces.onboard(workload);
  const theirs = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app", namespace: "team-a" } };
  cloud.objects.set("v1 ServiceAccount team-a/app", theirs);

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation.error).toMatchObject({ code: "KUBERNETES_CONFLICT" });
  expect(cloud.objects.get("v1 ServiceAccount team-a/app")).toEqual(theirs);
});

it("does not drop a user that existed before and is only adopted", async () => {
  await namespaces.onboard(workload);
  namespaces.editUser("messages", (user) => ({
    ...user,
    sid: `0x${"AB".repeat(16)}`,
    mark: printMark({ berth: "aks-dev/team-a", operation: null, grants: {} }),
  }));

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation.error).toMatchObject({ code: "SQL_USER_CONFLICT" });
  expect(cloud.users.get("sql-dev/messages")?.get(name)?.sid).toBe(`0x${"AB".repeat(16)}`);
});

it("makes a user with a stale SID anew with what was asked for, whatever others granted", async () => {
  await namespaces.onboard(workload);
  const mark = printMark({
    berth: "aks-dev/team-a",
    operation: namespaces.recordOf(workload).operation,
    grants: { db_datareader: "o", db_datawriter: "o" },
  });
  const roles = ["db_datareader", "db_datawriter", "app_role"];
  namespaces.editUser("messages", (user) => ({ ...user, sid: `0x${"AB".repeat(16)}`, roles, mark }));

  await operate(cloud, "repair", workload);
  await operate(cloud, "repair", workload);

  expect(cloud.users.get("sql-dev/messages")?.get(name)?.roles.toSorted()).toEqual(["db_datareader"]);
});

it.each([
  {
    what: "a permission on an object",
    code: "SQL_USER_HAS_PERMISSIONS",
    more: { otherPermissions: ["GRANT SELECT ON dbo.stock"] },
  },
  {
    what: "another permission on the database",
    code: "SQL_USER_HAS_PERMISSIONS",
    more: { permissions: ["VIEW DEFINITION"] },
  },
  { what: "no right to connect", code: "SQL_USER_HAS_PERMISSIONS", more: { isDisabled: true } },
  { what: "a role of its own", code: "SQL_USER_HAS_DEPENDANTS", more: { dependants: ["role reports"] } },
])("does not replace a user with a stale SID that has $what, and says which", async ({ code, more }) => {
  await namespaces.onboard(workload);
  const stale = `0x${"AB".repeat(16)}`;
  namespaces.editUser("messages", (user) => ({ ...user, sid: stale, ...more }));

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation.error?.code).toBe(code);
  for (const text of Object.values(more).flat()) {
    expect(operation.error?.message).toContain(typeof text === "string" ? text : "REVOKE CONNECT");
  }
  expect(cloud.users.get("sql-dev/messages")?.get(name)).toMatchObject({ sid: stale, ...more });
});

/** Everything of Mooring's gone together. */
function wreck() {
  cloud.identities.delete(name);
  cloud.credentials.delete(name);
  for (const users of cloud.users.values()) users.clear();
  for (const [key, { kind, metadata }] of cloud.objects) {
    if (metadata.namespace === "team-a" || kind === "Namespace") cloud.objects.delete(key);
  }
}

const everyWrite = [
  "put identity",
  "apply Namespace",
  "apply ConfigMap",
  "change sql-dev/messages",
  "change sql-dev/orders",
  "apply ServiceAccount",
  "put credential",
];

it.each(everyWrite)(
  "ends Failed when %s is refused, keeps what it has repaired, and a second repair completes it",
  async (write) => {
    await namespaces.onboard(workload);
    wreck();
    cloud.onWrite = ({ what, when }) => {
      if (what === write && when === "before") throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
    };
    const first = await operate(cloud, "repair", workload);
    const state = namespaces.recordOf(workload).state;
    cloud.onWrite = () => undefined;

    const second = await operate(cloud, "repair", workload);

    expect(first.operation).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
    expect(state).toBe("Onboarded");
    expect(second.operation.status).toBe("Succeeded");
    expect(await namespaces.findings(workload)).toEqual([]);
  },
);

it.each(everyWrite)("succeeds when the answer to %s is lost every time", async (lost) => {
  await namespaces.onboard(workload);
  wreck();
  cloud.onWrite = ({ what, when }) => {
    if (what === lost && when === "after") throw new TransientError("ARM_UNAVAILABLE", "no answer came");
  };

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation.status).toBe("Succeeded");
  expect(await namespaces.findings(workload)).toEqual([]);
});

it("can be offboarded entirely after a repair", async () => {
  await namespaces.onboard(workload);
  wreck();
  await operate(cloud, "repair", workload);

  await operate(cloud, "offboard", workload);

  expect(cloud.identities.size).toBe(0);
  expect([...cloud.users.values()].flatMap((users) => [...users.keys()])).toEqual([]);
  expect([...cloud.objects.values()].map(({ kind }) => kind)).toEqual(["MutatingWebhookConfiguration"]);
});

it("keeps no error among the findings when it has succeeded, even if its process died before recording that", async () => {
  await namespaces.onboard(workload);
  namespaces.editUser("messages", (user) => ({ ...user, roles: [] }));
  const found = [...(await namespaces.findings(workload))];
  cloud.namespaces.set("aks-dev/team-a", { ...namespaces.recordOf(workload), findings: found });
  expect(found.map(severityOf)).toContain("Error");

  const { operation } = await operate(cloud, "repair", workload, {
    async execute(activity, run) {
      if (activity !== "verifyAndConclude") return await run();
      // The end is written to the operation's record only.
      const away = async () => {
        throw new TransientError("REGISTRY_UNAVAILABLE", "the tables are away");
      };
      providePorts({ ...cloud.ports, registry: { ...cloud.ports.registry, replaceNamespace: away } });
      await run();
      providePorts(cloud.ports);
      return await run();
    },
  });

  expect(operation.status).toBe("Succeeded");
  expect(namespaces.recordOf(workload)).toMatchObject({ state: "Onboarded", findings: [] });
});
