/** Purged durable histories are not missed: the registry has everything that is shown and everything that later requests need. */

import { isShort } from "test-support/proofs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { purgeHistories } from "../../src/functions/operations/purgeHistories.ts";
import { durableClientOf } from "../support/durableClient.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

const dayMs = 24 * 3_600_000;

let sandbox: SuiteSandbox;
let service: Service;
let approver: Service;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it reads the whole history",
    callers: "keys",
    approval: { databases: [`${names.sqlServer}/orders`], timeoutMinutes: 60 },
  });
  service = serviceOf(sandbox);
  approver = serviceOf(sandbox, { "x-mooring-key": sandbox.cloud.callers?.approverKey ?? "" });
});
afterAll(() => sandbox?.close());

const request = (namespace: string, ...databases: string[]) => ({
  cluster: names.cluster,
  namespace,
  databases: databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
});

/** Purges as the timer would on a day when everything begun here is old enough. */
async function purge(): Promise<readonly string[]> {
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  await purgeHistories(durableClientOf(sandbox), { log }, { days: 1, now: new Date(Date.now() + 1.5 * dayMs) });
  return logged;
}

const instances = async () => (await durableClientOf(sandbox).getStatusAll()).map(({ instanceId }) => instanceId);

/** Makes an operation fail, and its undo too. */
function failEverything(): void {
  const effect = { kind: "error", code: "AuthorizationFailed", status: 403 } as const;
  for (const operation of [/^PUT .*federatedIdentityCredentials$/, /^DELETE .*userAssignedIdentities$/]) {
    sandbox.cloud.faults.add({ wire: "arm", operation, times: Number.POSITIVE_INFINITY, effect });
  }
}

it("shows, repeats, compensates, changes and offboards what the runtime has purged, and leaves running operations alone", async () => {
  const wanted = request("kept", "messages");
  const once = { "idempotency-key": crypto.randomUUID() };
  const first = await service.call("POST", "/api/onboardings", wanted, once);
  const kept = String(first.body["id"]);
  const items = [request("batch-1", "messages"), request("batch-2", "messages")];
  const batch = String((await service.call("POST", "/api/onboardings/batch", { requests: items })).body["id"]);
  for (const id of [kept, batch]) expect((await service.waitFor(id)).status).toBe("Succeeded");
  failEverything();
  const broken = await service.waitFor(await service.onboard(request("broken", "messages")));
  sandbox.cloud.faults.clear();
  expect(broken).toMatchObject({ status: "Failed", leftUndone: ["removeIdentity"] });
  const waiting = await service.onboard(request("waiting", "orders"));
  await expect.poll(async () => (await service.operation(waiting)).phase).toBe("awaitingApproval");

  const paths = [
    ...[kept, batch, broken.id].map((id) => `/api/operations/${id}`),
    `/api/operations/${batch}/items`,
    "/api/operations",
    "/api/audit?namespace=kept",
    "/api/audit/verify",
    `/api/namespaces/${names.cluster}/kept`,
    "/api/namespaces",
  ];
  const look = async () =>
    await Promise.all(paths.map(async (path) => ({ path, ...(await service.call("GET", path)), headers: undefined })));
  const before = await look();
  expect((await instances()).length).toBeGreaterThan(4);

  // The runtime records the end of an instance slightly after the operation shows as ended.
  await expect.poll(async () => [await purge(), await instances()].at(1)).toEqual([waiting]);

  expect(await look()).toEqual(before);
  expect((await service.call("POST", "/api/onboardings", wanted, once)).body["id"]).toBe(kept);
  expect(await service.call("POST", "/api/onboardings", wanted)).toMatchObject({ body: { id: kept } });
  expect((await service.call("POST", `/api/operations/${broken.id}/compensate?dryRun=true`)).status).toBe(200);
  const undo = await service.call("POST", `/api/operations/${broken.id}/compensate`);
  const { requestHash } = (await service.call("GET", `/api/operations/${waiting}`)).body["approval"] as {
    requestHash: string;
  };
  const approved = await approver.call("POST", `/api/operations/${waiting}/approve`, { requestHash });
  expect(approved.status, JSON.stringify(approved.body)).toBe(202);
  const change = await service.onboard({ ...wanted, databases: [{ ...wanted.databases[0], roles: ["writer"] }] });
  for (const id of [String(undo.body["id"]), waiting, change]) {
    expect(await service.waitFor(id)).toMatchObject({ status: "Succeeded" });
  }
  expect((await service.waitFor(await service.offboard(names.cluster, "kept"))).status).toBe("Succeeded");
});

it("purges while operations run, are watched and end, and nobody misses anything", async () => {
  const namespaceRefs = Array.from({ length: isShort ? 2 : 12 }, (_, index) => `busy-${index}`);
  const problems: string[] = [];
  let purged = 0;
  let isOver = false;
  const purging = (async () => {
    while (!isOver) {
      for (const line of await purge()) purged += Number(/purged=(\d+)/.exec(line)?.[1] ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  /** The last event of a stream that follows an operation to its end. */
  const follow = async (id: string): Promise<string> => {
    const headers = { "x-mooring-key": sandbox.key ?? "" };
    const text = await (await fetch(`${sandbox.url}/api/operations/${id}/events`, { headers })).text();
    return text.trim().split("\n\n").at(-1) ?? "";
  };
  const watch = async (id: string): Promise<void> => {
    const [ended, end] = await Promise.all([service.waitFor(id, 120_000), follow(id)]);
    if (ended.status !== "Succeeded") problems.push(`${id} is ${ended.status}: ${ended.error?.message}`);
    if (!/^event: end\n/.test(end) || !end.includes("Succeeded"))
      problems.push(`the stream of ${id} ended with ${end}`);
  };
  const live = async (namespace: string): Promise<void> => {
    const wanted = request(namespace, "messages");
    const id = await service.onboard(wanted);
    await watch(id);
    // The same request finds the same operation, whose history may be gone by now.
    const again = await service.onboard(wanted);
    if (again !== id) problems.push(`${namespace}: ${again} instead of ${id}`);
    const [{ roles: _reader, ...database } = {}] = wanted.databases;
    await watch(await service.onboard({ ...wanted, databases: [{ ...database, roles: ["writer"] }] }));
    await watch(await service.offboard(names.cluster, namespace));
  };
  const items = Array.from({ length: isShort ? 2 : 6 }, (_, index) => request(`busy-batch-${index}`, "messages"));
  const batch = String((await service.call("POST", "/api/onboardings/batch", { requests: items })).body["id"]);

  await Promise.all([...namespaceRefs.map(live), watch(batch)]);
  isOver = true;
  await purging;

  expect(problems).toEqual([]);
  expect(purged).toBeGreaterThan(namespaceRefs.length);
  expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
  // The runtime has nothing left but what still waits for somebody.
  await expect.poll(async () => [await purge(), (await instances()).length].at(1)).toBe(0);
}, 300_000);
