/** The database that SERVER_NAME and DATABASE_NAME lead to is the one that the application had, however a change lists them. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { planRepair } from "../../src/application/plan/planRepair.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { send } from "../support/operations.ts";

const roles = ["reader"];
const asked = (...databases: string[]) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-a",
    databases: databases.map((database) => ({ server: "sql-dev", database, roles })),
  });

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

function connection() {
  const found = [...cloud.objects.values()].find(({ metadata }) => metadata.name === "mooring-databases");
  return found?.["data"];
}

it("stays when a change lists another one before it", async () => {
  await send(cloud.ports, asked("messages"));

  await send(cloud.ports, asked("orders", "messages"));

  expect(connection()).toMatchObject({ DATABASE_NAME: "messages" });
  expect(cloud.namespaces.get("aks-dev/team-a")?.request.databases).toMatchObject([
    { database: "messages" },
    { database: "orders" },
  ]);
});

it("is the next one when the change takes it away, and the plan names the pods that read it", async () => {
  await send(cloud.ports, asked("messages", "orders"));
  const spec = { containers: [{ envFrom: [{ configMapRef: { name: "mooring-databases" } }] }] };
  const pod = (name: string, more: object) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "team-a" },
    ...more,
  });
  cloud.objects.set("v1 Pod team-a/app-1", pod("app-1", { spec }));
  const over = { spec, status: { phase: "Succeeded" } };
  cloud.objects.set("v1 Pod team-a/verified", pod("verified", over));
  cloud.objects.set("v1 Pod team-a/other", pod("other", { spec: {} }));

  const { notices } =
    (await planOnboarding(cloud.ports, { operation: "op", request: asked("orders") })).steps.find(
      ({ name }) => name === "applyNamespace",
    ) ?? {};
  await send(cloud.ports, asked("orders"));

  expect(notices).toMatchObject([
    {
      code: "MAIN_DATABASE_CHANGED",
      message: expect.stringMatching(/DATABASE_NAME orders instead of messages\. Running now: app-1\.$/),
    },
  ]);
  expect(connection()).toMatchObject({ DATABASE_NAME: "orders" });
});

it("is no news in a repair that restores it", async () => {
  await send(cloud.ports, asked("messages", "orders"));
  const [key, object] = [...cloud.objects].find(([, { metadata }]) => metadata.name === "mooring-databases") ?? [];
  if (!key || !object) throw new Error("there is no ConfigMap");
  cloud.objects.set(key, { ...object, data: { ...Object(connection()), DATABASE_NAME: "orders" } });

  const repairing = { operation: "op", request: asked("messages", "orders"), clientId: undefined };
  const { steps } = await planRepair(cloud.ports, repairing);

  const step = steps.find(({ name }) => name === "applyNamespace");
  expect(step?.differences).toMatchObject([{ current: "orders", desired: "messages" }]);
  expect(step).not.toHaveProperty("notices");
});
