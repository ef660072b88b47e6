/** Fills the tables with every kind of row, in every state in which a release may leave one. */

import { providePorts } from "../../../src/activities/host.ts";
import { createAudit } from "../../../src/adapters/registry/audit.ts";
import { createIdempotencyKeys } from "../../../src/adapters/registry/idempotency.ts";
import { createRegistry } from "../../../src/adapters/registry/index.ts";
import type { TableSettings } from "../../../src/adapters/registry/tables.ts";
import {
  acceptCompensation,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import { acceptBatch, passOn } from "../../../src/application/batch/acceptBatch.ts";
import { cancelBatch } from "../../../src/application/decisions/cancelBatch.ts";
import { cancelOperation, decideApproval } from "../../../src/application/decisions/decide.ts";
import { inspectionOf, recordFindings } from "../../../src/application/inspection/driftRecord.ts";
import { readNamespace } from "../../../src/application/inspection/inspection.ts";
import type { Caller } from "../../../src/domain/access/caller.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { IdempotencyRecord } from "../../../src/domain/http/idempotency.ts";
import { isOnboarded } from "../../../src/domain/operation/lifecycle.ts";
import type { MigrationPhase } from "../../../src/domain/operation/migration.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { decisionEvent } from "../../../src/domain/operation/wakingEvents.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Ports } from "../../../src/ports/index.ts";
import {
  approver,
  createAcceptanceContext,
  requester,
  type TestAcceptanceContext,
} from "../../support/acceptanceContext.ts";
import type { RunOptions } from "../../support/durableRunner.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { member, catalog as withTeams } from "../../support/teams.ts";

const cluster = "aks-dev";
const messages = [{ server: "sql-dev", database: "messages", roles: ["reader"] }];
const orders = [{ server: "sql-dev", database: "orders", roles: ["reader"] }];
const both = { databases: [...messages, ...orders] };
const pod = { identityMode: "podIdentity" };

const request = (namespace: string, changes: object = {}) =>
  OnboardingRequest.parse({ cluster, namespace, databases: messages, ...changes });

export const keys: readonly IdempotencyRecord[] = [
  {
    caller: "requester",
    key: "answered",
    fingerprint: "0".repeat(64),
    claimedTime: "2026-11-24T00:00:00.000Z",
    operation: "operation-of-a-key",
    answer: {
      status: 202,
      headers: { location: "/api/operations/operation-of-a-key" },
      body: '{"status":"NotStarted"}',
    },
  },
  { caller: "requester", key: "claimed", fingerprint: "1".repeat(64), claimedTime: "2026-11-24T00:00:00.000Z" },
];

export async function furnish(settings: TableSettings): Promise<void> {
  const town = createTown(settings);
  await settled(town);
  await halfDone(town);
  await underWay(town);
  await waitForPeople(town);
  await batches(town);
  await claimKeys(town);
}

/** Writes a few rows into each of the tables. */
export async function furnishSparsely(settings: TableSettings): Promise<void> {
  const town = createTown(settings);
  await batches(town);
  await claimKeys(town);
}

interface Town {
  readonly cloud: FakeCloud;
  readonly ports: Ports;
  readonly acceptance: TestAcceptanceContext;
  onboard(namespace: string, changes?: object, options?: RunOptions): Promise<string>;
  recordOf(namespace: string): Promise<NamespaceRecord & { etag: string }>;
  migrate(namespace: string, until: MigrationPhase): Promise<void>;
  /** Refuses these writes during the work. */
  refusing(what: readonly string[], work: () => Promise<unknown>): Promise<void>;
  acceptanceContextOf(by: Caller): TestAcceptanceContext;
}

function createTown(settings: TableSettings): Town {
  const cloud = createFakeCloud();
  const { red } = withTeams.teams;
  const ports: Ports = {
    ...cloud.ports,
    catalog: { ...withTeams, teams: { ...withTeams.teams, ...(red ? { red: { ...red, quota: 4 } } : {}) } },
    registry: createRegistry(settings),
    audit: createAudit(settings),
    idempotencyKeys: createIdempotencyKeys(settings),
  };
  providePorts(ports);
  const acceptance = createAcceptanceContext({ ports }, requester);
  const town: Town = {
    cloud,
    ports,
    acceptance,
    acceptanceContextOf: (by) => createAcceptanceContext({ ports }, by),
    async onboard(namespace, changes, options) {
      const { operation } = await acceptOnboarding(acceptance, request(namespace, changes));
      await acceptance.run(options);
      return operation;
    },
    async recordOf(namespace) {
      const record = await ports.registry.getNamespace({ cluster, namespace });
      if (!record) throw new Error(`${namespace} has no record`);
      return record;
    },
    async migrate(namespace, until) {
      await acceptUpkeep(acceptance, "Migrating", {
        namespaceRef: { cluster, namespace },
        prepare: ({ migration }) => ({
          migration: { ...migration, until, serviceAccount: "app", selector: namespace },
        }),
      });
    },
    async refusing(what, work) {
      cloud.onWrite = (call) => {
        if (call.when === "before" && what.includes(call.what)) throw new PermanentError("ARM_FORBIDDEN", "refused");
      };
      await work();
      cloud.onWrite = () => undefined;
    },
  };
  return town;
}

/** Runs the accepted orchestration until the activity is about to run for the given time, and leaves it there forever. */
async function runUntil(acceptance: TestAcceptanceContext, activity: string, time = 1): Promise<void> {
  const reached = Promise.withResolvers<void>();
  let count = 0;
  const ended = acceptance.run({
    async execute(name, work) {
      if (name === activity) count += 1;
      if (name !== activity || count < time) return await work();
      reached.resolve();
      return await new Promise(() => undefined);
    },
  });
  await Promise.race([
    reached.promise,
    ended.then(({ output }) => {
      throw new Error(`it ended before ${activity}: ${JSON.stringify(output)}`);
    }),
  ]);
}

/** Runs the accepted orchestration until it waits for a person, and leaves it there forever. */
async function runToRest(acceptance: TestAcceptanceContext): Promise<void> {
  const reached = Promise.withResolvers<void>();
  void acceptance.run({
    async atRest() {
      reached.resolve();
      await new Promise(() => undefined);
    },
  });
  await reached.promise;
}

async function settled({
  cloud,
  ports,
  acceptance,
  acceptanceContextOf,
  onboard,
  recordOf,
  migrate,
}: Town): Promise<void> {
  await onboard("workload", both);
  await onboard("pod", pod);
  const red = acceptanceContextOf(member("red"));
  await acceptOnboarding(red, request("red-1"));
  await red.run();
  await onboard("changed");
  await onboard("changed", both);
  await onboard("migrated", pod);
  await migrate("migrated", "retire");
  await acceptance.run();
  await onboard("gone", { ...both, deletePolicy: "Keep" });
  await acceptOffboarding(acceptance, { cluster, namespace: "gone" });
  await acceptance.run();
  await onboard("canceled", both, {
    async execute(name, work) {
      if (name === "grantDatabase") {
        const { operation } = await recordOf("canceled");
        await cancelOperation(ports.registry, operation, { by: requester, comment: "not yet" });
      }
      return await work();
    },
  });
  await onboard("drifted");
  cloud.credentials.clear();
  const drifted = await recordOf("drifted");
  if (!isOnboarded(drifted)) throw new Error(`the drifted namespace is ${drifted.state}`);
  await recordFindings(ports, drifted, await readNamespace(ports, inspectionOf(drifted)));
  await onboard("repaired");
  await acceptUpkeep(acceptance, "Repairing", {
    namespaceRef: { cluster, namespace: "repaired" },
    prepare: () => ({}),
  });
  await acceptance.run();
}

async function halfDone({ cloud, acceptance, onboard, migrate, refusing }: Town): Promise<void> {
  await onboard("stopped", pod);
  await migrate("stopped", "sideBySide");
  await acceptance.run();
  await refusing(["put credential", "remove identity"], async () => {
    await onboard("left");
    const failed = await onboard("left-again");
    await acceptCompensation(acceptance, failed);
    await acceptance.run();
  });
  await onboard("change-left");
  await failAfter(cloud, "change sql-dev/orders", async () => {
    await onboard("change-left", both);
    await onboard("change-left", both);
  });
  await onboard("offboarding-left");
  await refusing(["remove identity"], async () => {
    await acceptOffboarding(acceptance, { cluster, namespace: "offboarding-left" });
    await acceptance.run();
  });
  await onboard("migration-left", pod);
  await refusing(["put credential", "remove ServiceAccount"], async () => {
    await migrate("migration-left", "retire");
    await acceptance.run();
  });
}

/** Lets the write take effect, and reports it as failed. */
async function failAfter(cloud: FakeCloud, what: string, work: () => Promise<unknown>): Promise<void> {
  cloud.onWrite = (call) => {
    if (call.what === what && call.when === "after") throw new PermanentError("SQL_FORBIDDEN", "no more");
  };
  await work();
  cloud.onWrite = () => undefined;
}

async function underWay({ cloud, acceptance, onboard, migrate, refusing }: Town): Promise<void> {
  await acceptOnboarding(acceptance, request("accepted"));
  acceptance.take();
  await acceptOnboarding(acceptance, request("onboarding", both));
  await runUntil(acceptance, "grantDatabase", 2);
  await acceptOnboarding(acceptance, request("retrying"));
  cloud.onWrite = ({ what }) => {
    if (what === "change sql-dev/messages") throw new TransientError("SQL_UNAVAILABLE", "the database is resuming");
  };
  await runUntil(acceptance, "grantDatabase", 2);
  cloud.onWrite = () => undefined;
  await onboard("changing");
  await acceptOnboarding(acceptance, request("changing", both));
  await runUntil(acceptance, "grantDatabase");
  await onboard("leaving", both);
  await acceptOffboarding(acceptance, { cluster, namespace: "leaving" });
  await runUntil(acceptance, "revokeDatabase");
  await onboard("leaving-stopped", pod);
  await migrate("leaving-stopped", "cutOver");
  await acceptance.run();
  await acceptOffboarding(acceptance, { cluster, namespace: "leaving-stopped" });
  await runUntil(acceptance, "removeIdentity");
  await onboard("repairing", both);
  await acceptUpkeep(acceptance, "Repairing", {
    namespaceRef: { cluster, namespace: "repairing" },
    prepare: () => ({ repairTried: { findings: "fingerprint", time: "2026-11-24T00:00:00.000Z" } }),
  });
  await runUntil(acceptance, "grantDatabase");
  await onboard("migrating", pod);
  await migrate("migrating", "retire");
  await runUntil(acceptance, "cutOver");
  let failed = "";
  await refusing(["put credential", "remove identity"], async () => {
    failed = await onboard("compensating");
  });
  await acceptCompensation(acceptance, failed);
  await runUntil(acceptance, "removeIdentity");
  await onboard("compensating-change");
  await failAfter(cloud, "change sql-dev/orders", async () => {
    failed = await onboard("compensating-change", both);
  });
  await acceptCompensation(acceptance, failed);
  acceptance.take();
}

async function waitForPeople({ ports, acceptanceContextOf }: Town): Promise<void> {
  const red = acceptanceContextOf(member("red"));
  const wanted = (namespace: string) => request(namespace, { databases: orders });
  const ofRed: Caller = { ...approver, teams: ["red"] };
  for (const kind of ["rejected", "approved"] as const) {
    const { operation } = await acceptOnboarding(red, wanted("red-3"));
    await red.run({
      async atRest() {
        await decideApproval(ports.registry, operation, { kind, by: ofRed, comment: "looked at it" });
        red.raise(decisionEvent);
      },
    });
  }
  await acceptOnboarding(red, wanted("red-2"));
  await runToRest(red);
  // A batch with a request that also waits, one beyond the quota, and one for another team's namespace.
  await acceptBatch(red, [wanted("red-4"), wanted("red-5"), request("blue-1")]);
  await runToRest(red);
}

async function batches({ ports, acceptance, refusing }: Town): Promise<void> {
  await refusing(["change sql-dev/orders"], async () => {
    await acceptBatch(acceptance, [request("batch-1"), request("batch-2", both), request("workload", both)]);
    await acceptance.run();
  });
  const canceled = await acceptBatch(acceptance, [request("batch-3"), request("batch-4")]);
  await acceptance.run({
    async execute(name, work) {
      if (name === "prepareNamespace") {
        const record = await cancelBatch(ports, canceled, { by: requester, comment: "wrong list" });
        await passOn(ports, acceptance.client, record, { warn: acceptance.warn });
      }
      return await work();
    },
  });
  await acceptBatch(acceptance, [request("batch-5"), request("batch-6"), request("batch-7")]);
  await runUntil(acceptance, "prepareNamespace", 2);
  await acceptBatch(acceptance, [request("batch-8")]);
  acceptance.take();
}

async function claimKeys({ ports: { idempotencyKeys } }: Town): Promise<void> {
  for (const { answer, ...claimed } of keys) {
    await idempotencyKeys.insert(claimed);
    if (answer) await idempotencyKeys.answer(claimed, answer);
  }
}
