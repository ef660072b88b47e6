import { afterAll, beforeAll, expect, test } from "vitest";
import { failureOf, startCluster, type TestCluster } from "./cluster.ts";

const printed = new Map<string, string>();
let cluster: TestCluster;

beforeAll(async () => {
  const podLog = ({ namespace, name }: { namespace: string; name: string }) => printed.get(`${namespace}/${name}`);
  cluster = await startCluster({ simulator: { podLog } });
  await cluster.createNamespace("team-a");
  const spec = { nodeName: "sandbox", containers: [{ name: "main", image: "message-app" }] };
  await cluster.core.createNamespacedPod({ namespace: "team-a", body: { metadata: { name: "app" }, spec } });
});
afterAll(() => cluster.simulator.close());

test("a pod's log is the output that its node reports", async () => {
  printed.set("team-a/app", "1\tmy message\n");

  expect(await cluster.core.readNamespacedPodLog({ namespace: "team-a", name: "app" })).toBe("1\tmy message\n");
});

test("a pod that has not started has no log yet", async () => {
  printed.clear();

  expect(await failureOf(cluster.core.readNamespacedPodLog({ namespace: "team-a", name: "app" }))).toMatchObject({
    code: 400,
    message: 'container "main" in pod "app" is waiting to start: ContainerCreating',
  });
});

test("a pod that does not exist has no log", async () => {
  expect(await failureOf(cluster.core.readNamespacedPodLog({ namespace: "team-a", name: "other" }))).toMatchObject({
    code: 404,
  });
});
