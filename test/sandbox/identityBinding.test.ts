/** What a verification Job proves: identity bindings, by the cluster's webhook and token proxy, and a network policy in force. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { CoreV1Api, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { createMessageList } from "../../sandbox/messageList.ts";
import { identityBindingName, identityName, useBindingName, useRoleName } from "../../src/domain/naming/names.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
/** The cluster administrator's client. */
let roles: RbacAuthorizationV1Api;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog has a verification Job",
    verificationJob: { image: "message-app", timeoutSeconds: 20 },
  });
  service = serviceOf(sandbox);
  await createMessageList(sandbox.cloud);
  const config = kubeConfigOf(sandbox.cloud);
  roles = config.makeApiClient(RbacAuthorizationV1Api);
});
afterAll(() => sandbox?.close());

const { cluster } = names;
const rbac = "rbac.authorization.k8s.io/v1";
const reader = { server: names.sqlServer, database: "messages", roles: ["reader"] };

interface Plan {
  readonly steps: readonly { readonly name: string; readonly blockers: readonly object[] }[];
}

async function onboard(namespace: string, changes: object = {}): Promise<Operation> {
  const request = { cluster, namespace, databases: [reader], identityMode: "identityBinding", ...changes };
  const plan = await service.call("POST", "/api/onboardings?dryRun=true", request);
  expect(plan.body, JSON.stringify(plan.body)).toMatchObject({ blocked: false });
  return await service.waitFor(await service.onboard(request));
}

async function findingsOf(namespace: string): Promise<readonly string[]> {
  const { body } = await service.call("POST", `/api/namespaces/${cluster}/${namespace}/verify`);
  return (body["findings"] as { code: string }[]).map(({ code }) => code);
}

const world = () => sandbox.cloud.world;
const objects = () => sandbox.cloud.kubernetes.objects;

function bindingsOf(namespace: string) {
  return [...world().identityBindings.values()].filter(
    ({ name }) => name === identityBindingName({ cluster, namespace }),
  );
}

async function rolesOf(namespace: string) {
  const namespaceRef = { cluster, namespace };
  const found = [
    await objects().get(rbac, "ClusterRole", useRoleName(namespaceRef)),
    await objects().get(rbac, "ClusterRoleBinding", useBindingName(namespaceRef, "app")),
  ];
  return found.flatMap((each) => (each ? [each.kind] : []));
}

function identityOf(namespace: string) {
  const name = identityName({ cluster, namespace });
  return [...world().identities.values()].find((each) => each.name === name);
}

it("onboards, proves the login through the proxy, finds what is gone and makes it again, and leaves nothing", async () => {
  const operation = await onboard("bound");

  expect(operation.error ?? operation.status).toBe("Succeeded");
  expect(operation.result?.manifest).toContain('azure.workload.identity/use-identity-binding: "true"');
  expect([...(identityOf("bound")?.federatedCredentials.keys() ?? [])]).toEqual(["aks-identity-binding"]);
  expect(bindingsOf("bound")).toMatchObject([{ clientId: operation.result?.clientId, state: "Succeeded" }]);
  expect(await rolesOf("bound")).toEqual(["ClusterRole", "ClusterRoleBinding"]);
  expect(await findingsOf("bound")).toEqual([]);

  // The proxy refuses an account without its right.
  await roles.deleteClusterRoleBinding({ name: useBindingName({ cluster, namespace: "bound" }, "app") });
  expect((await findingsOf("bound")).toSorted()).toEqual(["IDENTITY_USE_DENIED", "OBJECT_MISSING"]);
  const [binding] = bindingsOf("bound");
  world().identityBindings.delete(binding?.id.toLowerCase() ?? "");
  expect(await findingsOf("bound")).toContain("BINDING_MISSING");
  const { body: accepted } = await service.call("POST", `/api/namespaces/${cluster}/bound/repair`);
  const repaired = await service.waitFor(String(accepted["id"]));
  expect(repaired.error ?? repaired.status).toBe("Succeeded");
  expect(await findingsOf("bound")).toEqual([]);

  const gone = await service.waitFor(await service.offboard(cluster, "bound"));
  expect(gone.error ?? gone.status).toBe("Succeeded");
  expect(bindingsOf("bound")).toEqual([]);
  expect(identityOf("bound")).toBeUndefined();
  expect(await rolesOf("bound")).toEqual([]);
});

it.each(["create", "patch"])(
  "says before the first write that Mooring may not %s the namespace's ClusterRole",
  async (verb) => {
    const { restrictions } = sandbox.cloud.kubernetes;
    restrictions.push((asked) => asked.resource === "clusterroles" && asked.verb === verb);
    const namespace = `without-${verb}`;
    const request = { cluster, namespace, databases: [reader], identityMode: "identityBinding" };
    const { body: plan } = await service.call("POST", "/api/onboardings?dryRun=true", request);
    const operation = await service.waitFor(await service.onboard(request));
    restrictions.pop();

    const blockers = (plan as { steps: Plan["steps"] }).steps.flatMap((step) =>
      step.blockers.map((each) => [step.name, each]),
    );
    const named = expect.stringContaining(useRoleName({ cluster, namespace }));
    expect(blockers).toEqual([
      ["allowIdentityUse", expect.objectContaining({ code: "KUBERNETES_FORBIDDEN", message: named })],
    ]);
    expect(operation).toMatchObject({ status: "Failed", error: { code: "KUBERNETES_FORBIDDEN", message: named } });
    expect(identityOf(namespace)).toBeUndefined();
    expect(bindingsOf(namespace)).toEqual([]);
    expect(await objects().get("v1", "Namespace", namespace)).toBeUndefined();
  },
);

/** A network policy in force: the simulated cluster holds its pods to it (docs/sandbox.md). */
describe("a network policy", () => {
  let core: CoreV1Api;
  /** Where no request may lead. */
  let elsewhere: Server;
  let callers = 0;

  beforeAll(async () => {
    core = kubeConfigOf(sandbox.cloud).makeApiClient(CoreV1Api);
    elsewhere = createServer((socket) => {
      callers += 1;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    await once(elsewhere, "listening");
  });
  afterAll(() => void elsewhere?.close());

  /** Runs the sample once with another server than the ConfigMap's; returns its exit code. */
  async function runElsewhere(namespace: string): Promise<number | undefined> {
    const { port } = elsewhere.address() as AddressInfo;
    const container = {
      name: "app",
      image: "message-app",
      env: [
        { name: "SERVER_NAME", value: `localhost,${port}` },
        { name: "DATABASE_NAME", value: "messages" },
      ],
    };
    const labels = { "azure.workload.identity/use": "true" };
    const spec = { restartPolicy: "Never", serviceAccountName: "app", containers: [container] };
    await core.createNamespacedPod({ namespace, body: { metadata: { name: "wanderer", labels }, spec } });
    return await vi.waitFor(
      async () => {
        const { status } = await core.readNamespacedPod({ name: "wanderer", namespace });
        const ended = status?.containerStatuses?.[0]?.state?.terminated;
        expect(ended).toBeDefined();
        return ended?.exitCode;
      },
      { timeout: 60_000, interval: 200 },
    );
  }

  it("lets the verification Job sign in and reach its database, and nothing reach anything else", async () => {
    await onboard("held", { identityMode: "workloadIdentity", namespaceProfile: "isolated" });
    const verified = await service.call("POST", `/api/namespaces/${names.cluster}/held/verify`);
    expect(verified.body).toMatchObject({ findings: [] });

    expect(await runElsewhere("held")).toBe(6);
    expect(callers).toBe(0);
  });

  it("holds no pod of a namespace without a policy", async () => {
    await onboard("free", { identityMode: "workloadIdentity" });
    await runElsewhere("free");
    expect(callers).toBeGreaterThan(0);
  });
});
