import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { planRepair } from "../../src/application/plan/planRepair.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { type FindingCode, type Severity, severityOf } from "../../src/domain/finding.ts";
import { federatedCredentialName, federatedSubject, identityName } from "../../src/domain/naming/names.ts";
import { adopterMetadata, ownerMetadata, printMark, readMark } from "../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { DatabaseUser } from "../../src/ports/databases.ts";
import type { FederatedCredential } from "../../src/ports/identities.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { clientIdOf, newPair } from "../support/ids.ts";
import { operate } from "../support/operations.ts";

const workload = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [
    { server: "sql-dev", database: "messages", roles: ["reader"] },
    { server: "sql-dev", database: "orders", roles: ["writer", "executor"] },
  ],
});
const pod = OnboardingRequest.parse({ ...workload, namespace: "team-b", identityMode: "podIdentity" });

let cloud: FakeCloud;
let written: string[];

beforeEach(async () => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

async function onboard(request: OnboardingRequest) {
  await operate(cloud, "onboard", request);
  expect(cloud.namespaces.get(`aks-dev/${request.namespace}`)).toMatchObject({ state: "Onboarded", findings: [] });
  written = [];
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") written.push(what);
  };
}

function recordOf({ namespace }: OnboardingRequest) {
  const record = cloud.namespaces.get(`aks-dev/${namespace}`);
  if (!record) throw new Error(`${namespace} has no record`);
  return record;
}

async function findings(request: OnboardingRequest) {
  const { clientId } = recordOf(request);
  return await inspectNamespace(cloud.ports, { request, clientId });
}

function editUser(database: string, change: (user: DatabaseUser) => DatabaseUser, request = workload) {
  const users = cloud.users.get(`sql-dev/${database}`);
  const user = users?.get(identityName(request));
  if (!users || !user) throw new Error(`no user in ${database}`);
  users.set(user.name, change(user));
}

function editObject(key: string, change: (object: KubernetesObject) => KubernetesObject) {
  const object = cloud.objects.get(key);
  if (!object) throw new Error(`no object ${key}`);
  cloud.objects.set(key, change(object));
}

function ours(apiVersion: string, kind: string, name: string, { namespace } = workload): KubernetesObject {
  const berth = { cluster: "aks-dev", namespace };
  return { apiVersion, kind, metadata: { name, namespace, uid: `uid-${name}`, ...ownerMetadata(berth, "earlier") } };
}

/** As Mooring would have made it for the service account. */
function addCredential(account: string, change: Partial<FederatedCredential> = {}, request = workload) {
  const identity = identityName(request);
  const made: FederatedCredential = {
    name: federatedCredentialName(request, account),
    issuer: cloud.ports.catalog.clusters["aks-dev"]?.oidcIssuer ?? "",
    subject: federatedSubject(request.namespace, account),
    audiences: ["api://AzureADTokenExchange"],
  };
  cloud.credentials.set(identity, [...(cloud.credentials.get(identity) ?? []), { ...made, ...change }]);
}

function adopted({ cluster, namespace }: OnboardingRequest) {
  return adopterMetadata({ cluster, namespace }, "earlier", { uid: "uid-former" });
}

function created({ cluster, namespace }: OnboardingRequest) {
  return ownerMetadata({ cluster, namespace }, "earlier");
}

/** As Mooring would have made it, or adopted it, for the identity. */
function addAccount(
  account: string,
  {
    request = workload,
    clientId = recordOf(request).clientId,
    mark = created,
    manager = "mooring",
  }: { request?: OnboardingRequest; clientId?: string; mark?: typeof created; manager?: string } = {},
) {
  const { namespace } = request;
  const { labels, annotations } = mark(request);
  const operation = manager === "mooring" ? "Apply" : "Update";
  const all = { ...annotations, "azure.workload.identity/client-id": clientId ?? "" };
  const fields = Object.fromEntries(Object.keys(all).map((each) => [`f:${each}`, {}]));
  cloud.objects.set(`v1 ServiceAccount ${namespace}/${account}`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name: account,
      namespace,
      uid: `uid-${account}`,
      labels,
      annotations: all,
      managedFields: [{ manager, operation, fieldsV1: { "f:metadata": { "f:annotations": fields } } }],
    },
  });
}

const name = identityName(workload);
const podName = identityName(pod);
const podApi = "aadpodidentity.k8s.io/v1";

interface Break {
  readonly what: string;
  readonly request?: OnboardingRequest;
  readonly breakIt: () => void;
  readonly found: readonly FindingCode[];
  readonly severity: Severity;
  readonly writes: readonly string[];
}

const breaks: readonly Break[] = [
  {
    what: "the identity is deleted",
    breakIt: () => {
      cloud.identities.delete(name);
      cloud.credentials.delete(name);
    },
    found: ["IDENTITY_MISSING"],
    severity: "Error",
    writes: [
      "put identity",
      "change sql-dev/messages",
      "change sql-dev/orders",
      "apply ServiceAccount",
      "put credential",
    ],
  },
  {
    what: "the identity is recreated with Mooring's tags",
    breakIt: () => {
      const identity = cloud.identities.get(name);
      if (identity)
        cloud.identities.set(name, { ...identity, clientId: clientIdOf("99999999-9999-4999-8999-999999999999") });
    },
    found: ["IDENTITY_REPLACED", "USER_SID_STALE", "USER_SID_STALE", "OBJECT_CHANGED"],
    severity: "Error",
    writes: ["change sql-dev/messages", "change sql-dev/orders", "apply ServiceAccount"],
  },
  {
    what: "the federated credential is removed",
    breakIt: () => cloud.credentials.delete(name),
    found: ["CREDENTIAL_MISSING"],
    severity: "Error",
    writes: ["put credential"],
  },
  {
    what: "the federated credential has another issuer",
    breakIt: () =>
      cloud.credentials.set(
        name,
        (cloud.credentials.get(name) ?? []).map((each) => ({ ...each, issuer: each.issuer.replace(/\/$/, "") })),
      ),
    found: ["CREDENTIAL_CHANGED"],
    severity: "Error",
    writes: ["put credential"],
  },
  {
    what: "a user is dropped",
    breakIt: () => cloud.users.get("sql-dev/messages")?.clear(),
    found: ["USER_MISSING"],
    severity: "Error",
    writes: ["change sql-dev/messages"],
  },
  {
    what: "a user has another SID",
    breakIt: () => editUser("messages", (user) => ({ ...user, sid: `0x${"AB".repeat(16)}` })),
    found: ["USER_SID_STALE"],
    severity: "Error",
    writes: ["change sql-dev/messages"],
  },
  {
    what: "a role is revoked",
    breakIt: () => editUser("orders", (user) => ({ ...user, roles: ["db_datareader"] })),
    found: ["GRANT_MISSING"],
    severity: "Error",
    writes: ["change sql-dev/orders"],
  },
  {
    what: "a permission is revoked",
    breakIt: () => editUser("orders", (user) => ({ ...user, permissions: [] })),
    found: ["GRANT_MISSING"],
    severity: "Error",
    writes: ["change sql-dev/orders"],
  },
  {
    what: "Mooring granted a role that is no longer requested",
    breakIt: () =>
      editUser("messages", (user) => {
        const mark = readMark(user.mark);
        if (!mark) throw new Error("no mark");
        const grants = { ...mark.grants, db_datawriter: "earlier" };
        return { ...user, roles: [...user.roles, "db_datawriter"], mark: printMark({ ...mark, grants }) };
      }),
    found: ["GRANT_SURPLUS"],
    severity: "Warning",
    writes: ["change sql-dev/messages"],
  },
  {
    what: "the ConfigMap is deleted",
    breakIt: () => cloud.objects.delete("v1 ConfigMap team-a/mooring-databases"),
    found: ["OBJECT_MISSING"],
    severity: "Error",
    writes: ["apply ConfigMap"],
  },
  {
    what: "the ConfigMap names another server",
    breakIt: () =>
      editObject("v1 ConfigMap team-a/mooring-databases", (object) => ({
        ...object,
        data: { ...Object(object["data"]), SERVER_NAME: "elsewhere" },
      })),
    found: ["OBJECT_CHANGED"],
    severity: "Error",
    writes: ["apply ConfigMap"],
  },
  {
    what: "the service account is deleted",
    breakIt: () => cloud.objects.delete("v1 ServiceAccount team-a/app"),
    found: ["OBJECT_MISSING"],
    severity: "Error",
    writes: ["apply ServiceAccount"],
  },
  {
    what: "the namespace is deleted with everything in it",
    breakIt: () => {
      for (const [key, { kind, metadata }] of cloud.objects) {
        if (metadata.namespace === "team-a" || kind === "Namespace") cloud.objects.delete(key);
      }
    },
    found: ["OBJECT_MISSING", "OBJECT_MISSING", "OBJECT_MISSING"],
    severity: "Error",
    writes: ["apply Namespace", "apply ConfigMap", "apply ServiceAccount"],
  },
  {
    what: "objects of pod identity are left",
    breakIt: () => {
      for (const [kind, of] of [
        ["AzureIdentity", name],
        ["AzureIdentityBinding", `${name}-binding`],
      ] as const)
        cloud.objects.set(`${podApi} ${kind} team-a/${of}`, ours(podApi, kind, of));
    },
    found: ["POD_IDENTITY_SURPLUS", "POD_IDENTITY_SURPLUS"],
    severity: "Error",
    writes: ["remove AzureIdentityBinding", "remove AzureIdentity"],
  },
  {
    what: "the binding is deleted",
    request: pod,
    breakIt: () => cloud.objects.delete(`${podApi} AzureIdentityBinding team-b/${podName}-binding`),
    found: ["OBJECT_MISSING"],
    severity: "Error",
    writes: ["apply AzureIdentityBinding"],
  },
  {
    what: "pods of every namespace may take the AzureIdentity",
    request: pod,
    breakIt: () =>
      editObject(`${podApi} AzureIdentity team-b/${podName}`, (object) => {
        const { "aadpodidentity.k8s.io/Behavior": _gone, ...annotations } = object.metadata.annotations ?? {};
        return { ...object, metadata: { ...object.metadata, annotations } };
      }),
    found: ["OBJECT_CHANGED"],
    severity: "Error",
    writes: ["apply AzureIdentity"],
  },
  {
    what: "a service account of workload identity is left",
    request: pod,
    breakIt: () => cloud.objects.set("v1 ServiceAccount team-b/app", ours("v1", "ServiceAccount", "app", pod)),
    found: ["OBJECT_SURPLUS"],
    severity: "Warning",
    writes: ["remove ServiceAccount"],
  },
  {
    what: "a credential of another account came late",
    breakIt: () => addCredential("former"),
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "a credential of another account and issuer was left",
    breakIt: () => addCredential("former", { issuer: "https://another.example/" }),
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "a migration's credential came late",
    request: pod,
    breakIt: () => addCredential(pod.serviceAccount, {}, pod),
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "another migration's credential came late",
    request: pod,
    breakIt: () => addCredential("former", {}, pod),
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "Mooring's credential is for somebody else, and another one fits",
    breakIt: () => {
      const [own] = cloud.credentials.get(name) ?? [];
      if (!own) throw new Error("no credential");
      const evil = { ...own, subject: "system:serviceaccount:evil:app" };
      cloud.credentials.set(name, [evil, { ...own, name: "theirs" }]);
    },
    found: ["CREDENTIAL_SURPLUS"],
    severity: "Error",
    writes: ["remove credential"],
  },
  {
    what: "another service account came late",
    breakIt: () => addAccount("former"),
    found: ["ACCOUNT_SURPLUS"],
    severity: "Error",
    writes: ["remove ServiceAccount"],
  },
  {
    what: "another service account, which was somebody else's, was annotated late",
    breakIt: () => addAccount("former", { mark: adopted }),
    found: ["ACCOUNT_SURPLUS"],
    severity: "Error",
    writes: ["apply ServiceAccount"],
  },
  {
    what: "another service account of an identity that is gone was left",
    breakIt: () => addAccount("former", { clientId: clientIdOf("99999999-9999-4999-8999-999999999999") }),
    found: ["OBJECT_SURPLUS"],
    severity: "Warning",
    writes: ["remove ServiceAccount"],
  },
  {
    what: "a migration's service account came late",
    request: pod,
    breakIt: () => addAccount(pod.serviceAccount, { request: pod }),
    found: ["ACCOUNT_SURPLUS"],
    severity: "Error",
    writes: ["remove ServiceAccount"],
  },
];

describe.each(breaks)("when $what", ({ request = workload, breakIt, found, severity, writes }) => {
  it(`finds it, repairs it with ${writes.length} write(s), and finds nothing then`, async () => {
    await onboard(request);
    breakIt();

    const before = await findings(request);
    const { clientId } = recordOf(request);
    const plan = await planRepair(cloud.ports, { operation: "dry", request, clientId, isMigrating: false });
    expect(written).toEqual([]);
    const { operation } = await operate(cloud, "repair", request);

    expect(before.map(({ code }) => code).toSorted()).toEqual([...found].toSorted());
    expect(before.map(severityOf)).toContain(severity);
    expect(plan.blocked).toBe(false);
    expect(plan.steps.filter(({ action }) => action !== "none").length).toBeGreaterThan(0);
    expect(operation).toMatchObject({ status: "Succeeded", result: { manifest: expect.any(String) } });
    expect(written.toSorted()).toEqual([...writes].toSorted());
    expect(await findings(request)).toEqual([]);
    expect(recordOf(request)).toMatchObject({ state: "Onboarded", findings: [] });
  });
});

it("writes nothing when nothing has drifted", async () => {
  await onboard(workload);

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation.status).toBe("Succeeded");
  expect(written).toEqual([]);
  expect([...cloud.steps].filter(([id]) => id.startsWith(operation.id)).map(([, { action }]) => action)).toEqual(
    Array(9).fill("none"),
  );
});

it("reports what is foreign, and leaves it alone", async () => {
  await onboard(workload);
  const identity = cloud.identities.get(name);
  if (!identity) throw new Error("no identity");
  cloud.identities.set(name, { ...identity, tags: { ...identity.tags, costCenter: "42" } });
  const foreign = { name: "theirs", issuer: "https://other/", subject: "system:serviceaccount:x:y", audiences: ["a"] };
  cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), foreign]);
  editUser("messages", (user) => ({ ...user, roles: [...user.roles, "db_owner"], ownedSchemas: ["app"] }));
  cloud.objects.set("v1 ServiceAccount team-a/other", {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "other", namespace: "team-a" },
  });
  // A copy of Mooring's own service account.
  addAccount("copy", { manager: "kubectl-client-side-apply" });
  const told = (await findings(workload)).map((each) => [each.code, severityOf(each)]);

  const { operation } = await operate(cloud, "repair", workload);

  expect(told).toEqual([
    ["IDENTITY_TAGS_ADDED", "Info"],
    ["CREDENTIAL_ADDED", "Warning"],
    ["GRANT_ADDED", "Warning"],
    ["SCHEMA_OWNED", "Warning"],
  ]);
  expect(operation.status).toBe("Succeeded");
  expect(written).toEqual([]);
  expect(
    recordOf(workload)
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
  await onboard(workload);
  editUser(database, change);

  const told = await findings(workload);
  await operate(cloud, "repair", workload);

  expect(told).toMatchObject([{ code, target: `sql-dev/${database}` }]);
  expect(`${told[0]?.field} ${told[0]?.found}`).toContain(found);
  expect(told.map(severityOf)).toEqual([severity]);
  expect(written).toEqual([]);
});

it("looks a second time only when something is broken, and not for what is merely extra", async () => {
  await onboard(workload);
  editUser("messages", (user) => ({ ...user, roles: [...user.roles, "db_owner"] }));
  const { identities } = cloud.ports;
  let looks = 0;
  const get: typeof identities.get = async (ref) => {
    looks += 1;
    return await identities.get(ref);
  };
  const ports = { ...cloud.ports, identities: { ...identities, get } };
  const inspection = { request: workload, clientId: recordOf(workload).clientId };

  await proveNamespace(ports, inspection, "run");
  expect(looks).toBe(1);
  cloud.users.get("sql-dev/messages")?.clear();
  await proveNamespace(ports, inspection, "run");

  expect(looks).toBe(3);
});

it("reports a binding that somebody added for the identity, and leaves it", async () => {
  await onboard(pod);
  const binding = {
    apiVersion: podApi,
    kind: "AzureIdentityBinding",
    metadata: { name: "theirs", namespace: "team-b" },
    spec: { azureIdentity: podName, selector: "everybody" },
  };
  cloud.objects.set(`${podApi} AzureIdentityBinding team-b/theirs`, binding);

  await operate(cloud, "repair", pod);

  expect(await findings(pod)).toMatchObject([{ code: "BINDING_ADDED", found: "everybody" }]);
  expect(written).toEqual([]);
});

it("grants nothing to an identity that replaced the onboarded one", async () => {
  await onboard(workload);
  const identity = cloud.identities.get(name);
  if (!identity) throw new Error("no identity");
  const clientId = "99999999-9999-4999-8999-999999999999";
  cloud.identities.set(name, { ...identity, ...newPair(() => clientId), tags: {} });

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation).toMatchObject({ status: "Failed", error: { code: "IDENTITY_CONFLICT" } });
  expect(written).toEqual([]);
  expect(cloud.users.get("sql-dev/messages")?.get(name)?.sid).not.toBe(sidFromClientId(clientIdOf(clientId)));
  expect(recordOf(workload)).toMatchObject({ state: "Onboarded" });
});

it("grants nothing to a namespace that replaced the onboarded one", async () => {
  await onboard(workload);
  for (const [key, { metadata }] of cloud.objects) if (metadata.namespace === "team-a") cloud.objects.delete(key);
  const theirs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", uid: "another" } };
  cloud.objects.set("v1 Namespace /team-a", theirs);
  const { clientId, namespaceUid } = recordOf(workload);
  const found = await inspectNamespace(cloud.ports, { request: workload, clientId, namespaceUid });
  const plan = await planRepair(cloud.ports, { operation: "dry", request: workload, clientId, isMigrating: false });

  const { operation } = await operate(cloud, "repair", workload);

  expect(found.map(({ code }) => code)).toContain("NAMESPACE_RECREATED");
  expect(plan.blocked).toBe(true);
  expect(operation).toMatchObject({ status: "Failed", error: { code: "NAMESPACE_RECREATED" } });
  expect(written).toEqual([]);
});

it("leaves a service account that replaced Mooring's", async () => {
  await onboard(workload);
  const theirs = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app", namespace: "team-a" } };
  cloud.objects.set("v1 ServiceAccount team-a/app", theirs);

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation.error).toMatchObject({ code: "KUBERNETES_CONFLICT" });
  expect(cloud.objects.get("v1 ServiceAccount team-a/app")).toEqual(theirs);
});

it("does not drop a user that existed before and is only adopted", async () => {
  await onboard(workload);
  editUser("messages", (user) => ({
    ...user,
    sid: `0x${"AB".repeat(16)}`,
    mark: printMark({ berth: "aks-dev/team-a", operation: null, grants: {} }),
  }));

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation.error).toMatchObject({ code: "SQL_USER_CONFLICT" });
  expect(cloud.users.get("sql-dev/messages")?.get(name)?.sid).toBe(`0x${"AB".repeat(16)}`);
});

it("keeps what others granted to a user with a stale SID, and removes what is no longer requested", async () => {
  await onboard(workload);
  const mark = printMark({
    berth: "aks-dev/team-a",
    operation: "onboard",
    grants: { db_datareader: "o", db_datawriter: "o" },
  });
  const roles = ["db_datareader", "db_datawriter", "app_role"];
  editUser("messages", (user) => ({ ...user, sid: `0x${"AB".repeat(16)}`, roles, mark }));

  await operate(cloud, "repair", workload);
  await operate(cloud, "repair", workload);

  expect(cloud.users.get("sql-dev/messages")?.get(name)?.roles.toSorted()).toEqual(["app_role", "db_datareader"]);
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
  await onboard(workload);
  const stale = `0x${"AB".repeat(16)}`;
  editUser("messages", (user) => ({ ...user, sid: stale, ...more }));

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
    await onboard(workload);
    wreck();
    cloud.onWrite = ({ what, when }) => {
      if (what === write && when === "before") throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
    };
    const first = await operate(cloud, "repair", workload);
    const state = recordOf(workload).state;
    cloud.onWrite = () => undefined;

    const second = await operate(cloud, "repair", workload);

    expect(first.operation).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
    expect(state).toBe("Onboarded");
    expect(second.operation.status).toBe("Succeeded");
    expect(await findings(workload)).toEqual([]);
  },
);

it.each(everyWrite)("succeeds when the answer to %s is lost every time", async (lost) => {
  await onboard(workload);
  wreck();
  cloud.onWrite = ({ what, when }) => {
    if (what === lost && when === "after") throw new TransientError("ARM_UNAVAILABLE", "no answer came");
  };

  const { operation } = await operate(cloud, "repair", workload);

  expect(operation.status).toBe("Succeeded");
  expect(await findings(workload)).toEqual([]);
});

it("can be offboarded entirely after a repair", async () => {
  await onboard(workload);
  wreck();
  await operate(cloud, "repair", workload);

  await operate(cloud, "offboard", workload);

  expect(cloud.identities.size).toBe(0);
  expect([...cloud.users.values()].flatMap((users) => [...users.keys()])).toEqual([]);
  expect([...cloud.objects.values()].map(({ kind }) => kind)).toEqual(["MutatingWebhookConfiguration"]);
});

it("keeps no error among the findings when it has succeeded, even if its process died before recording that", async () => {
  await onboard(workload);
  editUser("messages", (user) => ({ ...user, roles: [] }));
  const found = [...(await findings(workload))];
  cloud.namespaces.set("aks-dev/team-a", { ...recordOf(workload), findings: found });
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
  expect(recordOf(workload)).toMatchObject({ state: "Onboarded", findings: [] });
});
