/**
 * An API server that dies under a batch and comes back twelve seconds later, as a real one was seen to: it accepts no connection, then
 * refuses everybody for a moment, as long as it is not ready (docs/reliability.md). clusterFaults.test.ts kills a real one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it restarts the API server",
    batch: { lanes: 6 },
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

interface Item {
  readonly namespace: string;
  readonly status: string;
  readonly error?: { readonly code: string };
}

const database = { server: names.sqlServer, database: "messages", roles: ["reader"] };
const namespaces = Array.from({ length: 12 }, (_, index) => `restart-${index}`);
const always = Number.POSITIVE_INFINITY;

it("leaves nothing behind of what it stops, and nobody waits for a person", async () => {
  const requests = namespaces.map((namespace) => ({ cluster: names.cluster, namespace, databases: [database] }));
  const { body } = await service.call("POST", "/api/onboardings/batch", { requests });
  const id = String(body["id"]);
  const read = async () => (await service.call("GET", `/api/operations/${id}?top=100`)).body;
  const succeeded = async () => (((await read())["totals"] ?? {}) as { succeeded?: number }).succeeded ?? 0;
  await expect.poll(succeeded, { timeout: 60_000, interval: 50 }).toBeGreaterThan(2);

  const { faults } = sandbox.cloud;
  const down = faults.add({ wire: "kubernetes", times: always, effect: { kind: "cutBefore" } });
  await sleep(12_000);
  const error = (status: number, code: string) => ({ kind: "error", status, code }) as const;
  faults.add({ wire: "kubernetes", operation: "GET /readyz", times: always, effect: error(500, "InternalError") });
  faults.add({ wire: "kubernetes", operation: /^(?!GET \/readyz)/, times: always, effect: error(403, "Forbidden") });
  down();
  await sleep(500);
  faults.clear();
  await service.waitFor(id, 200_000);

  const items = (await read())["items"] as Item[];
  const failed = items.filter(({ status }) => status !== "Succeeded");
  const unexpected = failed.filter(({ error: why }) => why?.code !== "CLUSTER_UNREACHABLE");
  expect(items).toHaveLength(namespaces.length);
  expect(unexpected).toEqual([]);
  const left = [...sandbox.cloud.world.identities.values()].map(({ name }) => name);
  const kept = failed.map(({ namespace }) => identityName({ cluster: names.cluster, namespace }));
  expect(left.filter((name) => kept.includes(name))).toEqual([]);
  const users = sandbox.cloud.sql.database("messages").users();
  expect(users.filter(({ name }) => kept.includes(name))).toEqual([]);
}, 300_000);
