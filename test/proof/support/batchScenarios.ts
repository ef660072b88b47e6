/** Scenarios of batches. */
import { providePorts } from "../../../src/activities/host.ts";
import { acceptBatch, acceptNamespaceBatch, passOn } from "../../../src/application/batch/acceptBatch.ts";
import { chooseNamespaces } from "../../../src/application/batch/chooseNamespaces.ts";
import { cancelBatch } from "../../../src/application/decisions/cancelBatch.ts";
import { decideApproval } from "../../../src/application/decisions/decide.ts";
import { ApprovalPolicy, type Catalog } from "../../../src/domain/catalog/catalog.ts";
import type { NamespaceWork } from "../../../src/domain/operation/namespaceBatch.ts";
import { decisionEvent } from "../../../src/domain/operation/wakingEvents.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { approver, requester, type TestAcceptanceContext } from "../../support/acceptanceContext.ts";
import { createMailbox, type RunOptions } from "../../support/durableRunner.ts";
import { tendBatch } from "../../support/reconcileBatch.ts";
import { base, databases, pod, refuseWrites, type Scenario, type Stage } from "./scenarioStage.ts";

const messages = { databases: databases.slice(0, 1) };
const orders = { databases: databases.slice(1) };

const request = (namespace: string, changes: object = messages) =>
  OnboardingRequest.parse({ ...base, namespace, ...changes });
const requests = (count: number) => Array.from({ length: count }, (_, index) => request(`team-${index}`));

const allTogether: RunOptions = { together: (open) => open };

function acceptanceContextWith({ cloud, acceptance }: Stage, changes: Partial<Catalog>): TestAcceptanceContext {
  const ports = { ...cloud.ports, catalog: { ...cloud.ports.catalog, ...changes } };
  providePorts(ports);
  return { ...acceptance, ports };
}

const lanes = (count: number): Partial<Catalog> => ({ batch: { lanes: count } });

interface Sent {
  readonly lanes?: number;
  readonly requests: readonly OnboardingRequest[];
  readonly before?: (stage: Stage) => Promise<unknown>;
  readonly options?: (acceptance: TestAcceptanceContext, id: string) => RunOptions;
}

const sending =
  ({ lanes: count = 1, requests: wanted, before = async () => undefined, options = () => ({}) }: Sent): Scenario =>
  async (stage) => {
    await before(stage);
    const acceptance = acceptanceContextWith(stage, lanes(count));
    const id = await acceptBatch(acceptance, wanted, undefined, { isRemovalConfirmed: true });
    await stage.runAll(options(acceptance, id));
  };

async function cancel(acceptance: TestAcceptanceContext, id: string): Promise<void> {
  const record = await cancelBatch(acceptance.ports, id, { by: requester, comment: "wrong list" });
  await passOn(acceptance.ports, acceptance.client, record, { warn: acceptance.warn });
}

/** Cancels the batch when the given activity is about to run for the nth time. */
const cancelingAt =
  (activity: string, time: number) =>
  (acceptance: TestAcceptanceContext, id: string): RunOptions => {
    let count = 0;
    return {
      async execute(name, work) {
        if (name === activity) count += 1;
        if (name === activity && count === time) await cancel(acceptance, id);
        return await work();
      },
    };
  };

/** One of its items needs approval for a database, and somebody decides after the batch has been idle the given number of times. */
const approving =
  (kind: "approved" | "rejected", rests = 1): Scenario =>
  async (stage) => {
    const approval = ApprovalPolicy.parse({ databases: ["sql-dev/orders"], timeoutMinutes: 60 });
    const acceptance = acceptanceContextWith(stage, { ...lanes(1), approval });
    const id = await acceptBatch(acceptance, [request("team-0", orders), request("team-1")]);
    let count = 0;
    await stage.runAll({
      async atRest() {
        count += 1;
        if (count === rests) await tendBatch(acceptance, id, answering(stage, id, kind));
      },
    });
  };

/** Decides about the waiting operation. */
function answering({ cloud }: Stage, batch: string, kind: "approved" | "rejected"): RunOptions {
  const mailbox = createMailbox();
  return {
    mailbox,
    async atRest() {
      const { operation = "" } = cloud.itemsOf(batch).find(({ needsApproval }) => needsApproval) ?? {};
      const { requestHash } = cloud.operations.get(operation)?.approval ?? {};
      await decideApproval(cloud.ports.registry, operation, { kind, by: approver, requestHash });
      mailbox.raise(decisionEvent);
    },
  };
}

/** The registry does not answer an activity's first attempts. */
const away =
  (activity: string, tries: number): (() => RunOptions) =>
  () => {
    let failures = 0;
    return {
      async execute(name, work) {
        if (name !== activity || failures === tries) return await work();
        failures += 1;
        throw new Error("[REGISTRY_UNAVAILABLE] the tables are away");
      },
    };
  };

/** The first child orchestration of a batch or a lane breaks off. */
const breakingOff =
  (part: string) =>
  (acceptance: TestAcceptanceContext, id: string): RunOptions => {
    let broken = false;
    return {
      async runChild({ name }, run) {
        if (name !== part || broken) return await run();
        broken = true;
        throw new Error("no worker");
      },
      atRest: () => tendBatch(acceptance, id),
    };
  };

interface Chosen {
  readonly lanes?: number;
  readonly work: NamespaceWork;
  /** Changes to the namespaces' earlier requests. */
  readonly before?: object;
  readonly options?: (acceptance: TestAcceptanceContext, id: string, stage: Stage) => RunOptions;
}

/** Two namespaces are onboarded, and all of them are chosen. */
const choosing =
  ({ lanes: count = 1, work, before = messages, options = () => ({}) }: Chosen): Scenario =>
  async (stage) => {
    for (const namespace of ["team-0", "team-1"]) await stage.onboard({ ...before, namespace });
    const acceptance = acceptanceContextWith(stage, lanes(count));
    const choose = () => chooseNamespaces(acceptance.ports, acceptance.by, {});
    const id = await acceptNamespaceBatch(acceptance, { work, choose });
    await stage.runAll(options(acceptance, id, stage));
  };

const migration = { action: "migrate", to: "workloadIdentity", until: "sideBySide" } as const;

export const batchScenarios: Readonly<Record<string, Scenario>> = {
  "batch-verifies": choosing({ work: { action: "verify" } }),
  "batch-verifies-in-vain": choosing({ work: { action: "verify" }, options: away("verifyBatchItem", 6) }),
  "batch-verifies-and-a-lane-breaks-off": choosing({ work: { action: "verify" }, options: breakingOff("batchLane") }),
  "batch-verifies-and-is-canceled": choosing({
    work: { action: "verify" },
    options: cancelingAt("verifyBatchItem", 1),
  }),
  "batch-repairs": choosing({ lanes: 2, work: { action: "repair" }, options: () => allTogether }),
  "batch-repairs-and-is-canceled": choosing({ work: { action: "repair" }, options: cancelingAt("checkNamespace", 1) }),
  "batch-migrates": choosing({ work: migration, before: { ...messages, ...pod } }),
  "batch-migrates-back": choosing({ work: { ...migration, to: "podIdentity", until: "retire" } }),
  "batch-offboards": choosing({ lanes: 2, work: { action: "offboard", ignoreDependants: false } }),
  "batch-offboards-and-one-is-refused": choosing({
    work: { action: "offboard", ignoreDependants: false },
    options(_acceptance, _id, { cloud }) {
      refuseWrites(cloud, "change sql-dev/messages");
      return {};
    },
  }),
  "batch-offboards-and-an-item-breaks-off": choosing({
    work: { action: "offboard", ignoreDependants: false },
    options: breakingOff("offboardNamespace"),
  }),
  "batch-of-one-lane": sending({ requests: requests(3) }),
  "batch-of-several-lanes": sending({ lanes: 2, requests: requests(5), options: () => allTogether }),
  "batch-item-refused": sending({
    lanes: 2,
    requests: [request("team-0"), request("team-1", orders), request("team-2")],
    before: async ({ cloud }) => refuseWrites(cloud, "change sql-dev/orders"),
    options: () => allTogether,
  }),
  "batch-changes-and-leaves": sending({
    requests: [request("team-a", { databases }), request("team-0")],
    async before({ onboard }) {
      await onboard(messages);
      await onboard({ ...messages, namespace: "team-0" });
    },
  }),
  "batch-waits-for-approval": approving("approved"),
  "batch-waits-in-vain": approving("rejected"),
  "batch-waits-for-days": approving("approved", 3),
  "batch-canceled-before-it-begins": sending({ requests: requests(2), options: cancelingAt("beginBatch", 1) }),
  "batch-canceled-in-the-middle": sending({
    lanes: 2,
    requests: requests(5),
    options: (acceptance, id) => ({ ...allTogether, ...cancelingAt("preflight", 3)(acceptance, id) }),
  }),
  "batch-cannot-begin": sending({ requests: requests(1), options: away("beginBatch", 5) }),
  "batch-lane-waits-for-the-registry": sending({ requests: requests(2), options: away("takeBatchItem", 6) }),
  "batch-cannot-end": sending({ requests: requests(1), options: away("concludeBatch", 5) }),
  "batch-lane-breaks-off": sending({ requests: requests(2), options: breakingOff("batchLane") }),
  "batch-item-breaks-off": sending({ requests: requests(2), options: breakingOff("onboardNamespace") }),
};
