import { beforeEach, describe, expect, it, vi } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { tryLogin } from "../../../src/application/inspection/verificationJob.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../../src/domain/errors.ts";
import { printRoleMark } from "../../../src/domain/naming/ownership.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { type AzureRolePlace, rolesFor, scopeOf } from "../../../src/domain/targets/azureRoles.ts";
import { placeOf } from "../../../src/domain/targets/namedTarget.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { KubernetesObject } from "../../../src/ports/kubernetes.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { assign } from "../../support/models/azure.ts";
import { operate } from "../../support/operations.ts";

const workload = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});

let cloud: FakeCloud;
let job: KubernetesObject | undefined;

beforeEach(() => {
  cloud = createFakeCloud();
  job = undefined;
});

/** The cloud with a catalog that allows the Job, in which every Job ends immediately with a pod in this state. */
function portsWhere(end: { exitCode?: number; message?: string; waiting?: object; refusal?: Error }): Ports {
  const [alias = "", cluster] = Object.entries(catalog.clusters)[0] ?? [];
  const verificationJob = { image: "message-app", timeoutSeconds: 1 };
  const { kubernetes } = cloud.ports;
  const apply: typeof kubernetes.apply = async (target, object, options) => {
    if (object.kind !== "Job") return await kubernetes.apply(target, object, options);
    if (end.refusal) throw end.refusal;
    job = object;
    const { name, namespace = "" } = object.metadata;
    const home = `v1 Namespace /${namespace}`;
    if (!cloud.objects.has(home)) {
      cloud.objects.set(home, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    }
    const isOver = end.exitCode !== undefined;
    const type = end.exitCode === 0 ? "Complete" : "Failed";
    const state = isOver
      ? { terminated: { exitCode: end.exitCode, message: end.message ?? "" } }
      : { waiting: end.waiting ?? { reason: "ContainerCreating" } };
    cloud.objects.set(`v1 Pod ${namespace}/${name}-1`, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `${name}-1`, namespace, labels: { "job-name": name } },
      status: { containerStatuses: [{ state }] },
    });
    const status = isOver ? { conditions: [{ type, status: "True" }] } : {};
    return await kubernetes.apply(target, { ...object, status }, options);
  };
  return {
    ...cloud.ports,
    catalog: Catalog.parse({ ...catalog, clusters: { [alias]: { ...cluster, verificationJob } } }),
    kubernetes: { ...kubernetes, apply },
  };
}

/** The same ports, where somebody deletes the Job once it has been looked at that often; another may take its name. */
function portsWhereItVanishes({ afterLooks, successor }: { afterLooks: number; successor?: KubernetesObject }): Ports {
  const ports = portsWhere({});
  const { kubernetes, catalog: allowing } = ports;
  const clusters = Object.fromEntries(
    Object.entries(allowing.clusters).map(([alias, cluster]) => [
      alias,
      { ...cluster, verificationJob: { image: "message-app", timeoutSeconds: 60 } },
    ]),
  );
  let looks = 0;
  const get: typeof kubernetes.get = async (target, ref) => {
    if (ref.kind !== "Job") return await kubernetes.get(target, ref);
    looks += 1;
    return looks > afterLooks ? successor : await kubernetes.get(target, ref);
  };
  return { ...ports, catalog: { ...allowing, clusters }, kubernetes: { ...kubernetes, get } };
}

it("does not wait for a Job that somebody deleted, or replaced", async () => {
  const successor = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "mooring-verify", uid: "another" } };
  const begun = Date.now();

  for (const [afterLooks, next] of [
    [0, undefined],
    [1, successor],
  ] as const) {
    const vanishing = portsWhereItVanishes({ afterLooks, ...(next ? { successor: next } : {}) });
    const findings = await tryLogin(vanishing, workload, "run");
    expect(findings).toMatchObject([{ code: "LOGIN_UNPROVEN", found: "the Job is gone: somebody deleted it" }]);
  }
  // Of the 60 s that each may take.
  expect(Date.now() - begun).toBeLessThan(10_000);
});

it("looks again before it believes that the Job is gone", async () => {
  const ports = portsWhere({ exitCode: 0 });
  const { get } = ports.kubernetes;
  let looks = 0;
  const behind: typeof get = async (target, ref) => {
    if (ref.kind !== "Job") return await get(target, ref);
    looks += 1;
    return looks === 1 ? undefined : await get(target, ref);
  };

  expect(await tryLogin({ ...ports, kubernetes: { ...ports.kubernetes, get: behind } }, workload, "run")).toEqual([]);
});

function jobs() {
  return [...cloud.objects.values()].filter(({ kind }) => kind === "Job");
}

it("runs nothing when the catalog allows no Job", async () => {
  expect(await tryLogin(cloud.ports, workload, "run")).toEqual([]);
  expect(job).toBeUndefined();
});

it("runs nothing for a namespace without a database", async () => {
  const without = { ...workload, databases: [] };

  expect(await tryLogin(portsWhere({ exitCode: 2 }), without, "run")).toEqual([]);
  expect(job).toBeUndefined();
});

it("logs in as the workload does, with Mooring's mark, and removes the Job afterwards", async () => {
  expect(await tryLogin(portsWhere({ exitCode: 0 }), workload, "run")).toEqual([]);

  expect(job).toMatchObject({
    metadata: { namespace: "team-a", labels: { "app.kubernetes.io/managed-by": "mooring" } },
    spec: {
      activeDeadlineSeconds: 1,
      ttlSecondsAfterFinished: 600,
      template: {
        metadata: { labels: { "azure.workload.identity/use": "true" } },
        spec: {
          serviceAccountName: "app",
          containers: [{ image: "message-app", envFrom: [{ configMapRef: { name: "mooring-databases" } }] }],
        },
      },
    },
  });
  expect(jobs()).toEqual([]);
});

it("has the selector's label in a namespace with pod identity", async () => {
  const pod = OnboardingRequest.parse({ ...workload, identityMode: "podIdentity", selector: "messages" });

  await tryLogin(portsWhere({ exitCode: 0 }), pod, "run");

  expect(job).toMatchObject({ spec: { template: { metadata: { labels: { aadpodidbinding: "messages" } } } } });
  expect(JSON.stringify(job)).not.toContain("serviceAccountName");
});

it.each([
  [2, "LOGIN_MISCONFIGURED"],
  [3, "LOGIN_WITHOUT_TOKEN"],
  [4, "LOGIN_REFUSED"],
  [5, "LOGIN_MAY_NOT_READ"],
  [6, "LOGIN_UNREACHABLE"],
  [127, "LOGIN_UNPROVEN"],
])("reports exit code %i as %s, with what the pod said", async (exitCode, code) => {
  const findings = await tryLogin(portsWhere({ exitCode, message: "why\n" }), workload, "run");

  expect(findings).toMatchObject([{ code, found: `exit code ${exitCode}: why` }]);
  expect(jobs()).toEqual([]);
});

it.each([
  ["a pod that ended", (text: string) => ({ exitCode: 4, message: text })],
  ["a pod that waits", (text: string) => ({ waiting: { reason: "ErrImagePull", message: text } })],
  ["a Job that was refused", (text: string) => ({ refusal: new PermanentError("KUBERNETES_FORBIDDEN", text) })],
])("tells no address that the text of %s has, and logs it in full", async (_what, end) => {
  const log = vi.spyOn(console, "warn").mockReturnValue();
  const ports = portsWhere(
    end("tried aks-dev.example and sql-dev.database.windows.net; https://10.1.2.3:443/version or 10.1.2.3"),
  );

  const findings = await tryLogin(ports, workload, "run");

  expect(findings).toMatchObject([
    { found: expect.stringContaining("tried [address] and [address]; [address] or [address]") },
  ]);
  expect(log.mock.calls.join()).toContain("https://10.1.2.3:443/version");
});

describe("a first database that the catalog has dropped", () => {
  const dropped = OnboardingRequest.parse({
    ...workload,
    databases: [{ server: "sql-dev", database: "gone", roles: ["reader"] }, ...workload.databases],
  });

  it.each([4, 5, 6])("may refuse the login: its own finding names it (exit code %s)", async (exitCode) => {
    expect(await tryLogin(portsWhere({ exitCode }), dropped, "run")).toEqual([]);
  });

  it("excuses no missing token", async () => {
    expect(await tryLogin(portsWhere({ exitCode: 3 }), dropped, "run")).toMatchObject([
      { code: "LOGIN_WITHOUT_TOKEN" },
    ]);
  });
});

it("accepts that a user with only EXECUTE cannot read", async () => {
  const executor = OnboardingRequest.parse({
    ...workload,
    databases: [{ server: "sql-dev", database: "messages", roles: ["executor"] }],
  });

  expect(await tryLogin(portsWhere({ exitCode: 5 }), executor, "run")).toEqual([]);
});

it("reports an image that cannot be pulled without waiting for it", async () => {
  const waiting = { reason: "ErrImagePull", message: "no such image" };

  const findings = await tryLogin(portsWhere({ waiting }), workload, "run");

  expect(findings).toMatchObject([{ code: "LOGIN_UNPROVEN", found: expect.stringContaining("no such image") }]);
  expect(jobs()).toEqual([]);
});

it("gives up after the catalog's timeout, with what the cluster's events say", async () => {
  cloud.objects.set("v1 Event team-a/e", {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "team-a" },
    involvedObject: { name: "somebody-else" },
    reason: "FailedCreate",
    message: "not this one",
  });

  const findings = await tryLogin(
    portsWhere({ waiting: { reason: "ContainerCreating", message: "" } }),
    workload,
    "run",
  );

  expect(findings).toMatchObject([{ code: "LOGIN_UNPROVEN", found: expect.stringContaining("ContainerCreating") }]);
});

it("reports that the cluster refused the Job", async () => {
  const refusal = new PermanentError("KUBERNETES_FORBIDDEN", "exceeded quota");

  const findings = await tryLogin(portsWhere({ refusal }), workload, "run");

  expect(findings).toMatchObject([{ code: "LOGIN_UNPROVEN", found: "KUBERNETES_FORBIDDEN: exceeded quota" }]);
});

it("fails an onboarding whose workload could not log in, and leaves nothing behind", async () => {
  providePorts(portsWhere({ exitCode: 4, message: "not let in" }));

  const { operation } = await operate(cloud, "onboard", workload);

  expect(operation.error).toMatchObject({
    code: "VERIFICATION_FAILED",
    message: expect.stringContaining("not let in"),
  });
  expect(cloud.identities.size).toBe(0);
  expect(jobs()).toEqual([]);
});

it("does not cut over when the login could not be tried", async () => {
  const pod = OnboardingRequest.parse({ ...workload, identityMode: "podIdentity" });
  providePorts(cloud.ports);
  await operate(cloud, "onboard", pod);
  providePorts(portsWhere({ waiting: { reason: "ErrImagePull", message: "no such image" } }));

  const migration = { until: "retire", serviceAccount: "app", selector: "team-a" } as const;
  const { operation } = await operate(cloud, "migrate", pod, { migration });

  expect(operation.error).toMatchObject({ code: "VERIFICATION_FAILED" });
  expect(cloud.namespaces.get("aks-dev/team-a")).toMatchObject({
    request: { identityMode: "podIdentity" },
    migration: { completed: "sideBySide" },
  });
});

describe("targets besides databases", () => {
  const both = OnboardingRequest.parse({
    ...workload,
    targets: [
      { target: "uploads", access: ["read"] },
      { target: "jobs", access: ["send"] },
    ],
  });
  const alone = { ...both, databases: [] };
  const scope = scopeOf(placeOf(catalog.targets["uploads"] as Parameters<typeof placeOf>[0]) as AzureRolePlace);

  /** A role that Mooring gave then. */
  function given(createdTime: Date) {
    const [role] = rolesFor("storageBlob", ["read"]);
    assign(cloud, {
      ...{ id: `${scope}/providers/Microsoft.Authorization/roleAssignments/a`, scope, principalId: "p" },
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${role?.id}`,
      description: printRoleMark({ cluster: "aks-dev", namespace: "team-a" }, "operation-1"),
      createdTime: createdTime.toISOString(),
    });
  }

  it("are what the pod says of them", async () => {
    expect(await tryLogin(portsWhere({ exitCode: 0, message: '["uploads","ok"]\n' }), both, "run")).toEqual([]);
    expect(
      await tryLogin(portsWhere({ exitCode: 0, message: '["uploads","absent","404 ContainerNotFound"]' }), both, "run"),
    ).toMatchObject([
      { code: "LOGIN_TARGET_ABSENT", target: "uploads", field: "read", found: "404 ContainerNotFound" },
    ]);
    expect(
      await tryLogin(
        portsWhere({ exitCode: 4, message: '["uploads","unreachable","ENOTFOUND"]\nNot let in.' }),
        both,
        "run",
      ),
    ).toMatchObject([
      { code: "LOGIN_REFUSED", found: "exit code 4: Not let in." },
      { code: "LOGIN_TARGET_UNREACHABLE", found: "ENOTFOUND" },
    ]);
  });

  it("without a token are told as a database would be", async () => {
    const message = '["uploads","token","AADSTS700213: No matching record"]';

    expect(await tryLogin(portsWhere({ exitCode: 7, message }), alone, "run")).toMatchObject([
      { code: "LOGIN_WITHOUT_TOKEN", target: "uploads", found: "AADSTS700213: No matching record" },
    ]);
  });

  it.each([
    [9, "LOGIN_NOT_YET_EFFECTIVE"],
    [11, "LOGIN_TARGET_REFUSED"],
  ])("that refuse the identity %i minutes after the grant are told as %s", async (minutes, code) => {
    given(new Date(Date.now() - minutes * 60_000));

    const findings = await tryLogin(portsWhere({ exitCode: 7, message: '["uploads","refused","403"]' }), alone, "run");

    expect(findings).toMatchObject([{ code, target: "uploads" }]);
  });

  it("are not yet in effect by Mooring's own roles alone", async () => {
    expect(
      await tryLogin(portsWhere({ exitCode: 7, message: '["uploads","refused","403"]' }), both, "run"),
    ).toMatchObject([{ code: "LOGIN_TARGET_REFUSED" }]);
  });

  it.each([
    ["an image that proves databases only", both, { exitCode: 0 }],
    ["the same in a namespace without a database", alone, { exitCode: 2, message: "SERVER_NAME is not set" }],
    ["a message whose beginning is cut off", both, { exitCode: 0, message: 'loads","ok"]\n["others","ok"]' }],
  ])("are untried by %s", async (_what, request, end) => {
    expect(await tryLogin(portsWhere(end), request, "run")).toMatchObject([
      { code: "LOGIN_TARGET_UNTRIED", target: "uploads" },
    ]);
  });

  it("are not mentioned where the pod tried nothing", async () => {
    expect(await tryLogin(portsWhere({ exitCode: 3, message: "No token" }), both, "run")).toMatchObject([
      { code: "LOGIN_WITHOUT_TOKEN" },
    ]);
  });

  it("that no call only reads need no Job", async () => {
    const sending = { ...alone, targets: [{ target: "jobs", access: ["send" as const] }] };

    expect(await tryLogin(portsWhere({ exitCode: 2 }), sending, "run")).toEqual([]);
    expect(job).toBeUndefined();
  });
});
