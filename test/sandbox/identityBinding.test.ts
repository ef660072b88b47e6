/** Identity bindings on all simulated wires: ARM, the cluster's webhook and token proxy, a Job that logs in through it. */
import { RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, it } from "vitest";
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

async function act(namespace: string, what: string, body?: object): Promise<Operation> {
  const { body: accepted } = await service.call("POST", `/api/namespaces/${cluster}/${namespace}/${what}`, body);
  return await service.waitFor(String(accepted["id"]));
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

it("onboards, proves the login through the proxy, and offboards until nothing is left", async () => {
  const operation = await onboard("bound");

  expect(operation.error ?? operation.status).toBe("Succeeded");
  expect(operation.result?.manifest).toContain('azure.workload.identity/use-identity-binding: "true"');
  expect([...(identityOf("bound")?.federatedCredentials.keys() ?? [])]).toEqual(["aks-identity-binding"]);
  expect(bindingsOf("bound")).toMatchObject([{ clientId: operation.result?.clientId, state: "Succeeded" }]);
  expect(await rolesOf("bound")).toEqual(["ClusterRole", "ClusterRoleBinding"]);
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
    try {
      const { body: plan } = await service.call("POST", "/api/onboardings?dryRun=true", request);
      const operation = await service.waitFor(await service.onboard(request));

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
    } finally {
      restrictions.pop();
    }
  },
);

it("finds the right gone, which the proxy then refuses, and gives it back", async () => {
  await onboard("denied");
  const name = useBindingName({ cluster, namespace: "denied" }, "app");
  await roles.deleteClusterRoleBinding({ name });

  expect((await findingsOf("denied")).toSorted()).toEqual(["IDENTITY_USE_DENIED", "OBJECT_MISSING"]);
  const repaired = await act("denied", "repair");
  expect(repaired.error ?? repaired.status).toBe("Succeeded");
  expect(await findingsOf("denied")).toEqual([]);
});

it("finds the binding gone, and makes it again", async () => {
  await onboard("unbound");
  const [binding] = bindingsOf("unbound");
  world().identityBindings.delete(binding?.id.toLowerCase() ?? "");

  expect(await findingsOf("unbound")).toEqual(["BINDING_MISSING"]);
  expect((await act("unbound", "repair")).status).toBe("Succeeded");
  expect(await findingsOf("unbound")).toEqual([]);
});

it("migrates there from workload identity and back, with a login at each end", async () => {
  await onboard("moving", { identityMode: "workloadIdentity" });

  const there = await act("moving", "migrate", { to: "identityBinding" });
  expect(there.error ?? there.status).toBe("Succeeded");
  expect([...(identityOf("moving")?.federatedCredentials.keys() ?? [])]).toEqual(["aks-identity-binding"]);
  expect(await findingsOf("moving")).toEqual([]);

  const back = await act("moving", "migrate", { to: "workloadIdentity" });
  expect(back.error ?? back.status).toBe("Succeeded");
  expect(bindingsOf("moving")).toEqual([]);
  expect(await rolesOf("moving")).toEqual([]);
  expect([...(identityOf("moving")?.federatedCredentials.keys() ?? [])]).toHaveLength(1);
  expect(await findingsOf("moving")).toEqual([]);
});
