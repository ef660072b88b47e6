/** A row that cannot be read hides nothing but itself: from timers, lists and pages, and in batches. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { listNamespaces } from "../../src/application/admission/listNamespaces.ts";
import { acceptBatch, acceptNamespaceBatch } from "../../src/application/batch/acceptBatch.ts";
import { chooseNamespaces } from "../../src/application/batch/chooseNamespaces.ts";
import { listAwaiting } from "../../src/application/decisions/listAwaiting.ts";
import { accessOf } from "../../src/application/documents/accessDocument.ts";
import { planBatch } from "../../src/application/dryRun/planBatch.ts";
import { planNamespaceBatch } from "../../src/application/dryRun/planNamespaceBatch.ts";
import { watchExpiry } from "../../src/application/expiry/watchExpiry.ts";
import { findDropped } from "../../src/application/inspection/droppedNames.ts";
import { findUnrecorded } from "../../src/application/inspection/unrecordedIdentities.ts";
import { findUnrecordedMembers } from "../../src/application/inspection/unrecordedMembers.ts";
import { createDriftWatch } from "../../src/application/inspection/watchDrift.ts";
import { watchUnrecorded } from "../../src/application/inspection/watchUnrecorded.ts";
import { reconcileBatches } from "../../src/application/recovery/reconcileBatches.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { guest, home, Share } from "../orchestrations/share.ts";
import { createAcceptanceContext, requester } from "../support/acceptanceContext.ts";
import { batchesOn, request, requests } from "../support/batches.ts";
import { createFakeCloud, type FakeCloud, catalog as plain } from "../support/fakeCloud.ts";
import { send } from "../support/operations.ts";

let cloud: FakeCloud;
let lines: string[];
const log = { log: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
const [odd, sound] = [request("team-odd"), request("team-sound")];

beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  lines = [];
});

async function onboardBoth(): Promise<void> {
  for (const each of [odd, sound]) expect((await send(cloud.ports, each)).status).toBe("Succeeded");
}

const operationOf = ({ cluster, namespace }: OnboardingRequest) =>
  cloud.namespaces.get(`${cluster}/${namespace}`)?.operation ?? "";

/** For what would find both; nothing is lost but what nobody can read. */
const readers: Readonly<Record<string, (ports: Ports) => Promise<unknown>>> = {
  "the timer of expiry": (ports) =>
    watchExpiry(ports, log, {
      reject: async () => undefined,
      revoke: async () => ({ operation: "" }),
    }),
  "the timer of drift": (ports) => createDriftWatch(ports, 0).run(log, async () => ({ operation: "" })),
  "the look for what no record knows": (ports) => watchUnrecorded(ports).look(log),
  "the timer of batches": (ports) => {
    const { client } = createAcceptanceContext({ ports });
    const getStatus = async () => ({ runtimeStatus: "Running" });
    return reconcileBatches(
      { ports, client: { ...client, getStatus } as never, warn: log.warn },
      { held: [], before: Date.now() },
    );
  },
  "who reaches what": async (ports) => {
    const { value } = await listNamespaces(ports, requester, { filter: {}, limit: 10 });
    return await accessOf(ports, value);
  },
  "what waits for a person": (ports) => listAwaiting(ports.registry, { limit: 10 }),
  "names that the catalog dropped": (ports) => findDropped(ports),
  "members that no record knows": findUnrecordedMembers,
  "the namespaces of a batch": (ports) => chooseNamespaces(ports, requester, {}),
  "the named namespaces of a batch": (ports) => chooseNamespaces(ports, requester, { namespaces: [odd, sound] }),
};

describe.each(Object.entries(readers))("%s", (_reader, read) => {
  it.each(["MooringNamespaces", "MooringOperations", "MooringBatches", "MooringBatchItems", "MooringSteps"])(
    "goes on beside an unreadable row of %s",
    async (table) => {
      await onboardBoth();
      const id = await acceptBatch(createAcceptanceContext(cloud), requests(2));
      await cloud.ports.registry.updateBatchItems(
        id,
        [0, 1].map((index) => ({ index, changes: { status: "Running" } })),
      );
      await read(cloud.ports);
      expect(lines.filter((line) => line.includes(" not "))).toEqual([]);
      const rows: Readonly<Record<string, string>> = {
        MooringNamespaces: odd.namespace,
        MooringOperations: operationOf(odd),
        MooringBatches: id,
        MooringBatchItems: "00000",
        MooringSteps: encodeURIComponent(`ensureIdentity:${identityName(odd)}`),
      };
      cloud.spoil(table, rows[table] ?? "");

      await read(cloud.ports);

      // But for that one row.
      expect(lines.filter((line) => line.includes(" not ") && !line.startsWith("not looked at"))).toEqual([]);
    },
  );
});

describe("who reaches what", () => {
  it("leaves out who asked for it, where that operation cannot be read", async () => {
    await onboardBoth();
    cloud.spoil("MooringOperations", operationOf(odd));

    const found = await accessOf(cloud.ports, [...cloud.namespaces.values()]);

    expect(found.map(({ namespace, requestedBy }) => [namespace, requestedBy])).toEqual([
      [odd.namespace, undefined],
      [sound.namespace, "requester"],
    ]);
  });

  it("names the home of a guest whose row cannot be read", async () => {
    const share = new Share();
    for (const each of [home, guest]) await share.send(each);
    share.cloud.spoil("MooringNamespaces", home.namespace);
    const record = share.recordOf(guest);

    const found = await accessOf(share.cloud.ports, record ? [record] : []);

    expect(found.map(({ target, through }) => [target, through])).toEqual([["sql-dev/messages", "aks-dev/red"]]);
  });
});

describe("the look for identities that no record knows", () => {
  async function loseBoth(): Promise<void> {
    await onboardBoth();
    cloud.namespaces.delete("aks-dev/team-sound");
  }
  const found = async (ports: Ports = cloud.ports) => {
    const { identities, unseen } = await findUnrecorded(ports);
    return { names: identities.map(({ identity }) => identity.name), unseen };
  };

  it("finds the others beside a namespace whose row cannot be read", async () => {
    await loseBoth();
    cloud.spoil("MooringNamespaces", odd.namespace);

    expect(await found()).toEqual({
      names: [identityName(sound)],
      unseen: [`${identityName(odd)} (RECORD_UNREADABLE)`],
    });
  });

  it("finds the others beside a resource group that it may not read, and keeps what it has found there", async () => {
    await loseBoth();
    const { identities } = cloud.ports;
    const [elsewhere] = [...cloud.identities.values()].filter(({ name }) => name === identityName(sound));
    let refuses: string | undefined = "MC_rg_aks-new_westeurope";
    const listIn: typeof identities.listIn = async (place) => {
      if (place.resourceGroup === refuses) throw new PermanentError("ARM_FORBIDDEN", "it may not be read");
      return await identities.listIn(place);
    };
    const ports = { ...cloud.ports, identities: { ...identities, listIn } };
    ports.catalog.drift.everyMinutes = 0;
    const watch = watchUnrecorded(ports);
    const told = async () => {
      await watch.look(log);
      return watch.unrecorded().map(({ finding }) => finding.target);
    };

    expect(await found(ports)).toEqual({
      names: [elsewhere?.name],
      unseen: [`identities in ${refuses} (ARM_FORBIDDEN)`],
    });
    expect(await told()).toEqual([identityName(sound)]);
    refuses = "MC_rg_aks-dev_westeurope";
    expect(await told()).toEqual([identityName(sound)]);
    refuses = undefined;
    cloud.identities.delete(identityName(sound));
    expect(await told()).toEqual([]);
  });
});

describe("a batch", () => {
  const { acceptanceContextOf, ended } = batchesOn(() => cloud);

  it("says which of its items cannot be read, and runs the others", async () => {
    const acceptance = acceptanceContextOf();
    const id = await acceptBatch(acceptance, requests(5));
    cloud.spoil("MooringBatchItems", "00002");

    await acceptance.run();

    expect(ended(id).batch).toMatchObject({ status: "Failed", result: { succeeded: 4, failed: 1 } });
    const [item, ...others] = (await cloud.ports.registry.listBatchItems(id)).filter(
      ({ status }) => status !== "Succeeded",
    );
    expect(others).toEqual([]);
    expect(item).toMatchObject({
      ...{ index: 2, cluster: "aks-dev", namespace: "team-2", status: "Failed" },
      error: { code: "RECORD_UNREADABLE" },
    });
  });

  it("says which of its namespaces cannot be read, in its plan and in its end, and runs the others", async () => {
    await onboardBoth();
    cloud.spoil("MooringNamespaces", odd.namespace);
    const acceptance = acceptanceContextOf();
    const work = { action: "repair" } as const;
    const choose = () => chooseNamespaces(acceptance.ports, acceptance.by, { namespaces: [odd, sound] });

    const { items } = await planNamespaceBatch(acceptance, work, await choose());
    const id = await acceptNamespaceBatch(acceptance, { work, choose });
    await acceptance.run();

    expect(items).toMatchObject([{ status: "refused", error: { code: "RECORD_UNREADABLE" } }, { status: "ready" }]);
    expect(ended(id).items).toMatchObject([
      { status: "Failed", error: { code: "RECORD_UNREADABLE" } },
      { status: "Succeeded" },
    ]);
  });

  it("counts a namespace whose row cannot be read in its team's quota, once", async () => {
    const databases = { "sql-dev": { messages: ["reader"] } };
    const teams = {
      red: { clusters: ["aks-dev"], namespaces: ["*"], groups: [crypto.randomUUID()], databases, quota: 2 },
    };
    cloud.ports.catalog.teams = Catalog.parse({ ...plain, teams }).teams;
    const by: Caller = { ...requester, roles: ["Onboarding.Request"], teams: ["red"] };
    const acceptance = createAcceptanceContext(cloud, by);
    expect((await send(cloud.ports, odd, { by })).status).toBe("Succeeded");
    cloud.spoil("MooringNamespaces", odd.namespace);

    const { items } = await planBatch(acceptance, [odd, sound, request("team-third")], {
      plan: async () => ({ steps: [], blocked: false, needsApproval: [] }),
    });

    expect(items.map(({ error }) => error?.code)).toEqual([undefined, undefined, "QUOTA_EXCEEDED"]);
  });
});
