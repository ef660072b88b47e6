/**
 * The host's durable store becomes unwritable because its disk is full or read-only, and later becomes writable again. strace
 * makes the system calls on its files fail in the running process.
 */

import { mayAttachStrace } from "test-support/programs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { listFaults } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { traceStore } from "../support/storeTrace.ts";

const databases = ["messages"];

let sandbox: SuiteSandbox;
let service: Service;

const request = (namespace: string) => ({
  cluster: names.cluster,
  namespace,
  databases: databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
});
const readiness = () => service.call("GET", "/api/health/ready");

async function askEngine(): Promise<Response> {
  return await fetch(`${sandbox.url}/runtime/webhooks/durabletask/instances`, {
    headers: { "x-functions-key": sandbox.systemKey },
  });
}

describe.runIf(mayAttachStrace("no store became unwritable"))("a store that cannot be written", () => {
  beforeAll(async () => {
    sandbox = await startSandbox({
      because: "it makes the store unwritable",
      logLevel: "warning",
    });
    service = serviceOf(sandbox);
  });
  afterAll(() => sandbox?.close());

  it.each([
    ["a full disk", "full", "ENOSPC", "pwrite64"],
    // Existing files cannot even be opened for writing.
    ["a read-only disk", "read-only", "EROFS", "pwrite64,openat,ftruncate"],
  ])(
    "is reported, and recovers by itself: %s",
    async (_, namespace, error, calls) => {
      const { hostPid } = sandbox;
      const before = await service.onboard(request(`${namespace}-before`));
      const failing = await traceStore(sandbox, calls, `error=${error}`);
      // The registry has it; it begins once the store is writable.
      const meanwhile = await service.onboard(request(`${namespace}-meanwhile`));

      const refusal = await askEngine();
      expect(refusal.status).toBe(503);
      expect(await refusal.json()).toEqual({
        Message: expect.stringContaining("The durable store cannot be written ("),
      });
      expect(await readiness()).toMatchObject({
        status: 503,
        body: { status: "unavailable", reason: "The durable runtime does not answer." },
      });
      expect((await service.call("GET", "/api/health/live")).status).toBe(200);
      await failing.close();

      await expect.poll(async () => (await readiness()).status, { timeout: 30_000, interval: 100 }).toBe(200);
      for (const id of [before, meanwhile])
        expect(await service.waitFor(id, 60_000)).toMatchObject({ status: "Succeeded" });
      for (const when of ["before", "meanwhile"]) {
        const seen = { namespace: `${namespace}-${when}`, mode: "workloadIdentity", databases };
        expect(await listFaults(sandbox.cloud, seen)).toEqual([]);
      }
      expect(sandbox.hostPid).toBe(hostPid);
    },
    120_000,
  );
});
