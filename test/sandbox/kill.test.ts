/** kill -9 at any moment of an onboarding, and a restart: it still ends correctly. */

import { isShort } from "test-support/proofs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { listFaults, listRemains } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { recoveryMs, type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  // Slow enough for the kills to hit every phase.
  sandbox = await startSandbox({
    because: "it kills the service",
    latencyMs: 30,
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

/** Printed with a failure, so that it can be rerun. */
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const kills = Number(process.env["MOORING_KILLS"] ?? (isShort ? 2 : 7));
const longestMs = 1_500;

function mulberry32(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

it(
  `finishes an onboarding that was killed at ${kills} random moments (seed ${seed})`,
  async () => {
    const random = mulberry32(seed);
    for (let round = 0; round < kills; round += 1) {
      const namespace = `killed-${round}`;
      const request = {
        cluster: names.cluster,
        namespace,
        databases: ["messages", "orders"].map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
      };
      const id = await service.onboard(request);
      await new Promise((resolve) => setTimeout(resolve, random() * longestMs));

      await sandbox.killHost();
      await sandbox.restartHost();

      const ended = await service.waitFor(id, recoveryMs);
      expect(ended.status, `round ${round}: ${JSON.stringify(ended.error)}`).toBe("Succeeded");
      const name = identityName({ cluster: names.cluster, namespace });
      const identities = [...sandbox.cloud.world.identities.values()].filter((identity) => identity.name === name);
      expect(identities).toHaveLength(1);
      expect(identities[0]?.federatedCredentials.size).toBe(1);
      for (const database of ["messages", "orders"]) {
        const users = sandbox.cloud.sql
          .database(database)
          .users()
          .filter((user) => user.name === name);
        expect(users).toHaveLength(1);
        expect(users[0]?.roles).toEqual(["mooring_reader"]);
      }
      const { body: trail } = await service.call("GET", `/api/audit?operation=${id}`);
      const entries = trail["value"] as { kind: string; what: string; target: string; action: string }[];
      const effects = entries.filter(({ kind }) => kind === "effect").map(({ what, target }) => `${what} ${target}`);
      expect(effects.toSorted(), "one entry per effect").toEqual(
        [
          `ensureIdentity ${name}`,
          `applyNamespace ${names.cluster}/${namespace}`,
          `grantDatabase ${names.sqlServer}/messages`,
          `grantDatabase ${names.sqlServer}/orders`,
          `applyServiceAccount ${names.cluster}/${namespace}`,
          `federateIdentity ${name}`,
        ].toSorted(),
      );
    }
    expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
  },
  kills * recoveryMs,
);

const databases = ["messages", "orders"];

function requestFor(namespace: string, identityMode: string) {
  const wanted = databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] }));
  return { cluster: names.cluster, namespace, identityMode, databases: wanted };
}

async function post(namespace: string, what: string): Promise<string> {
  const { status, body } = await service.call("POST", `/api/namespaces/${names.cluster}/${namespace}/${what}`);
  expect(status, JSON.stringify(body)).toBe(202);
  return String(body["id"]);
}

/** Gives a repair something to do. */
async function breakSomething(namespace: string): Promise<void> {
  const name = identityName({ cluster: names.cluster, namespace });
  const { sql, world } = sandbox.cloud;
  await sql.database("orders").runScript(`DROP USER [${name}]`);
  [...world.identities.values()].find((identity) => identity.name === name)?.federatedCredentials.clear();
}

interface Story {
  readonly before: string;
  readonly after: string | undefined;
  readonly begin: (namespace: string) => Promise<string>;
}

const stories: Readonly<Record<string, Story>> = {
  "a migration": { before: "podIdentity", after: "workloadIdentity", begin: (namespace) => post(namespace, "migrate") },
  "a repair": {
    before: "workloadIdentity",
    after: "workloadIdentity",
    async begin(namespace) {
      await breakSomething(namespace);
      return await post(namespace, "repair");
    },
  },
  "an offboarding": {
    before: "workloadIdentity",
    after: undefined,
    begin: (namespace) => service.offboard(names.cluster, namespace),
  },
};

const rounds = Math.max(1, Math.round(kills / 10));

it.each(Object.keys(stories))(
  `finishes %s that was killed, ${rounds} times (seed ${seed})`,
  async (kind) => {
    const story = stories[kind];
    if (!story) throw new Error(`there is no story of ${kind}`);
    const random = mulberry32(seed + kind.length);
    for (let round = 0; round < rounds; round += 1) {
      const namespace = `killed-${kind.replace(/^an? /, "")}-${round}`;
      const onboarded = await service.waitFor(await service.onboard(requestFor(namespace, story.before)), 60_000);
      expect(onboarded.status, JSON.stringify(onboarded.error)).toBe("Succeeded");
      const id = await story.begin(namespace);
      await new Promise((resolve) => setTimeout(resolve, random() * longestMs));

      await sandbox.killHost();
      await sandbox.restartHost();

      const ended = await service.waitFor(id, recoveryMs);
      expect(ended.status, `round ${round}: ${JSON.stringify(ended.error)}`).toBe("Succeeded");
      const state = async () =>
        (await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`)).body["state"];
      await expect.poll(state, { timeout: 40_000 }).toBe(story.after === undefined ? undefined : "Onboarded");
      if (story.after === undefined) expect(await listRemains(sandbox.cloud, namespace, databases)).toEqual([]);
      else expect(await listFaults(sandbox.cloud, { namespace, mode: story.after, databases })).toEqual([]);
      const { body: trail } = await service.call("GET", `/api/audit?operation=${id}`);
      const entries = trail["value"] as { kind: string; what: string; target: string; action: string }[];
      const effects = entries.map(({ kind: of, what, target, action }) => `${of} ${what} ${target} ${action}`);
      expect(new Set(effects).size, effects.join(", ")).toBe(effects.length);
      const changed = ended.steps.filter(({ action }) => action !== undefined && action !== "none");
      for (const { name, target, action } of changed) expect(effects).toContain(`effect ${name} ${target} ${action}`);
    }
    expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
  },
  rounds * 2 * recoveryMs,
);

it(
  "finishes a compensation that was killed, and leaves nothing",
  async () => {
    sandbox.cloud.faults.add({
      wire: "sql",
      operation: "CREATE USER",
      target: `${names.sqlServer}/orders`,
      times: Number.POSITIVE_INFINITY,
      effect: { kind: "error", code: 15247 },
    });
    const namespace = "killed-undoing";
    const id = await service.onboard({
      cluster: names.cluster,
      namespace,
      databases: ["messages", "orders"].map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
    });
    await expect.poll(async () => (await service.operation(id)).phase, { interval: 10 }).toBe("compensating");

    await sandbox.killHost();
    await sandbox.restartHost();

    expect(await service.waitFor(id, recoveryMs)).toMatchObject({ status: "Failed", error: { code: "SQL_FORBIDDEN" } });
    const name = identityName({ cluster: names.cluster, namespace });
    expect([...sandbox.cloud.world.identities.values()].map((identity) => identity.name)).not.toContain(name);
    expect(
      sandbox.cloud.sql
        .database("messages")
        .users()
        .map((user) => user.name),
    ).not.toContain(name);
  },
  2 * recoveryMs,
);
