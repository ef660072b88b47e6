/**
 * Operations that the runtime failed are resumed, here only by the requests that meet them, because the timer is switched off.
 * The engine fails orchestrations as the Durable extension does while its workers are being replaced.
 */
import { isShort } from "test-support/proofs";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { listFaults, listRemains } from "../proof/support/remains.ts";
import { serviceAs } from "../support/people.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  const settings = { "AzureWebJobs.startAccepted.Disabled": "true" };
  sandbox = await startSandbox({
    because: "it stops operations in the middle by settings and kills",
    callers: "keys",
    settings,
  });
  service = serviceOf(sandbox);
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(() => sandbox?.close());

const databases = ["messages"];
function requestFor(namespace: string) {
  const wanted = databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] }));
  return { cluster: names.cluster, namespace, databases: wanted };
}

/** Makes the engine fail the given number of an orchestration's turns, after `skip` turns that pass. */
function failTurns(
  operation: string,
  { skip = 0, times = 1, target }: { skip?: number; times?: number; target?: string },
) {
  const effect = { kind: "error", code: "NoWorkers" } as const;
  sandbox.cloud.faults.add({ wire: "durable", operation, skip, times, effect, ...(target ? { target } : {}) });
}

/** Reads an instance from the runtime's own interface. */
async function instanceOf(id: string): Promise<{ runtimeStatus?: string; output?: unknown }> {
  const url = `${sandbox.url}/runtime/webhooks/durabletask/instances/${id}?code=${sandbox.systemKey}`;
  return (await (await fetch(url)).json()) as { runtimeStatus?: string; output?: unknown };
}

const whileItFails = { interval: 100 };

async function decisionsOf(id: string) {
  const { body } = await service.call("GET", `/api/audit?operation=${id}`);
  const entries = body["value"] as { kind: string; what: string; target: string; action: string }[];
  const texts = entries.map(({ kind, what, target, action }) => `${kind} ${what} ${target} ${action}`);
  expect(new Set(texts.filter((text) => !text.endsWith("takenUp"))).size).toBe(
    texts.filter((text) => !text.endsWith("takenUp")).length,
  );
  return entries.filter(({ kind }) => kind === "decision").map(({ action }) => action);
}

it("is resumed when a caller who may see it asks, but not when others do", async () => {
  failTurns("onboardNamespace", { skip: 2 });
  const id = await service.onboard(requestFor("seen"));
  await expect.poll(async () => (await instanceOf(id)).runtimeStatus, whileItFails).toBe("Failed");
  expect((await instanceOf(id)).output).toBe(
    "Orchestrator function 'onboardNamespace' failed: Did not find any initialized language workers",
  );
  const stranger = await serviceAs(sandbox, { team: "red", role: "request" });
  const accepted = Date.now();
  // Longer than the time for which a newly accepted operation is left alone.
  while (Date.now() < accepted + 12_000) {
    for (const path of [`operations/${id}`, `operations/${id}/events`, `namespaces/${names.cluster}/seen`]) {
      expect((await stranger.call("GET", `/api/${path}`)).status).toBe(404);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect((await instanceOf(id)).runtimeStatus).toBe("Failed");

  const ended = await service.waitFor(id);

  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
  expect(await decisionsOf(id)).toEqual(expect.arrayContaining(["accepted", "takenUp", "ended"]));
});

it("is resumed by an event stream that follows it", async () => {
  failTurns("onboardNamespace", { skip: 1 });
  const id = await service.onboard(requestFor("followed"));

  const headers = { "x-mooring-key": sandbox.key ?? "" };
  const response = await fetch(`${sandbox.url}/api/operations/${id}/events`, { headers });
  const text = await response.text();

  expect(text).toContain("event: end");
  expect(text).toContain('"status":"Succeeded"');
});

it("is resumed by a request for its namespace", async () => {
  const onboarded = await service.waitFor(await service.onboard(requestFor("wanted")));
  expect(onboarded.status).toBe("Succeeded");
  failTurns("repairNamespace", { skip: 1 });
  const { body } = await service.call("POST", `/api/namespaces/${names.cluster}/wanted/repair`);
  expect(body["id"]).toBeDefined();

  const remove = async () => (await service.call("DELETE", `/api/namespaces/${names.cluster}/wanted`)).status;
  await expect.poll(remove, { timeout: 40_000, interval: 500 }).toBe(202);

  expect((await service.waitFor(String(body["id"]))).status).toBe("Succeeded");
});

it("ends correctly, wherever the engine fails", async () => {
  const namespaces = Array.from({ length: isShort ? 3 : 6 }, (_, index) => `anywhere-${index}`);
  // Some fail more than once, after which they wait longer each time.
  failTurns("onboardNamespace", { skip: 4, times: isShort ? 4 : 9 });
  const ids = await Promise.all(namespaces.map((namespace) => service.onboard(requestFor(namespace))));

  const ended = await Promise.all(ids.map((id) => service.waitFor(id, 80_000)));

  expect(ended.map(({ status }) => status)).toEqual(namespaces.map(() => "Succeeded"));
  for (const [index, namespace] of namespaces.entries()) {
    expect(await listFaults(sandbox.cloud, { namespace, mode: "workloadIdentity", databases })).toEqual([]);
    await decisionsOf(ids[index] ?? "");
  }
  sandbox.cloud.faults.clear();
  failTurns("offboardNamespace", { skip: 5, times: isShort ? 4 : 6 });
  const removed = await Promise.all(namespaces.map((namespace) => service.offboard(names.cluster, namespace)));
  const gone = await Promise.all(removed.map((id) => service.waitFor(id, 80_000)));
  expect(gone.map(({ status }) => status)).toEqual(namespaces.map(() => "Succeeded"));
  for (const namespace of namespaces) expect(await listRemains(sandbox.cloud, namespace, databases)).toEqual([]);
}, 240_000);
