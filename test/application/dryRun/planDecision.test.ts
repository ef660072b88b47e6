/** The dry run of a decision is refused whenever the decision would be, describes its consequences, and writes nothing. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import {
  acceptCompensation,
  acceptOffboarding,
  acceptOnboarding,
} from "../../../src/application/acceptance/acceptance.ts";
import { acceptBatch } from "../../../src/application/batch/acceptBatch.ts";
import { cancelBatch } from "../../../src/application/decisions/cancelBatch.ts";
import { cancelOperation, decideApproval } from "../../../src/application/decisions/decide.ts";
import { planApproval, planCancelOf } from "../../../src/application/dryRun/planDecision.ts";
import { planBatchCancel } from "../../../src/application/plan/planCancel.ts";
import { planOnboarding } from "../../../src/application/plan/planOnboarding.ts";
import type { Caller } from "../../../src/domain/access/caller.ts";
import { ApprovalPolicy } from "../../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../../src/domain/errors.ts";
import type { Plan } from "../../../src/domain/operation/plan.ts";
import type { BatchItem } from "../../../src/domain/operation/records.ts";
import { decisionEvent } from "../../../src/domain/operation/wakingEvents.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import {
  approver,
  createAcceptanceContext,
  requester,
  type TestAcceptanceContext,
} from "../../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { operate } from "../../support/operations.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const approval = ApprovalPolicy.parse({ databases: ["sql-dev/messages"] });

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

function begin(changes: Parameters<typeof createFakeCloud>[0] = {}) {
  cloud = createFakeCloud(changes);
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
}
beforeEach(() => begin({ approval }));

/** Everything that could be written to, as text. */
function everything() {
  const { identities, credentials, users, objects, namespaces, operations, steps, events, batches } = cloud;
  const maps = { identities, credentials, users, objects, namespaces, operations, steps, batches };
  const items = [...batches.keys()].map(cloud.itemsOf);
  const plain = (value: unknown): unknown => (value instanceof Map ? [...value].map(plain) : value);
  return JSON.stringify([Object.values(maps).map((map) => [...map].map(plain)), items, events, cloud.audit]);
}

async function withoutWriting<T>(work: () => Promise<T>): Promise<T> {
  const before = everything();
  try {
    return await work();
  } finally {
    expect(everything()).toBe(before);
  }
}

/** Runs until it waits; then looks, and approves or rejects. */
async function whileWaiting(look: (id: string) => Promise<void>, kind: "approved" | "rejected" = "approved") {
  const { operation } = await acceptOnboarding(acceptance, request);
  await acceptance.run({
    async atRest() {
      await look(operation);
      await decideApproval(cloud.ports.registry, operation, { kind, by: approver });
      acceptance.raise(decisionEvent);
    },
  });
  return operation;
}

describe("approve", () => {
  it("plans the waiting operation, which then does just that", async () => {
    let plan: Plan | undefined;
    const id = await whileWaiting(async (operation) => {
      plan = await withoutWriting(() => planApproval(acceptance, operation, { kind: "approved", by: approver }));
      const own = await planOnboarding(cloud.ports, { operation, request });
      expect(plan.steps).toEqual(own.steps);
    });

    const steps = await cloud.ports.registry.listSteps(id);
    expect(plan).toMatchObject({ blocked: false, needsApproval: [], estimate: { least: expect.any(Number) } });
    expect(plan?.estimate?.approvalMinutes).toBeUndefined();
    for (const { name, target, action } of plan?.steps ?? []) {
      const step = steps.find((each) => each.name === name && each.target === target);
      expect(`${name} ${step?.action}`).toBe(`${name} ${action}`);
    }
  });

  it("names the obstacles that appeared while the operation waited", async () => {
    await whileWaiting(async (operation) => {
      const theirs = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app", namespace: "team-a" } };
      cloud.objects.set(`v1 ServiceAccount team-a/${request.serviceAccount}`, {
        ...theirs,
        metadata: { ...theirs.metadata, name: request.serviceAccount },
      });

      const plan = await planApproval(acceptance, operation, { kind: "approved", by: approver });

      expect(plan.blocked).toBe(true);
    });
  });

  const another: Caller = { ...approver, id: "another" };
  const refusals: [string, Caller, string | undefined, string][] = [
    ["a caller without the role", { ...another, roles: ["Onboarding.Request"] }, undefined, "FORBIDDEN"],
    [
      "the requester",
      { ...requester, roles: ["Onboarding.Approve", "Onboarding.Operate"] },
      undefined,
      "APPROVER_IS_REQUESTER",
    ],
    ["another request's hash", approver, "another", "APPROVAL_MISMATCH"],
  ];
  it.each(refusals)("refuses %s as the decision would be", async (_who, by, requestHash, code) => {
    await whileWaiting(async (operation) => {
      for (const kind of ["approved", "rejected"] as const) {
        const decision = { kind, by, requestHash };
        await withoutWriting(async () => {
          await expect(planApproval(acceptance, operation, decision)).rejects.toMatchObject({ code });
        });
        await expect(decideApproval(cloud.ports.registry, operation, decision)).rejects.toMatchObject({ code });
      }
    });
  });

  it("returns the operation when the same person decided the same, and refuses another decision", async () => {
    const id = await whileWaiting(async () => undefined);

    expect(await planApproval(acceptance, id, { kind: "approved", by: approver })).toMatchObject({
      steps: [],
      operation: id,
    });
    await expect(planApproval(acceptance, id, { kind: "rejected", by: approver })).rejects.toMatchObject({
      code: "APPROVAL_NOT_PENDING",
    });
    await expect(planApproval(acceptance, "nothing", { kind: "approved", by: approver })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

it("plans a rejection as no steps, since nothing has been written", async () => {
  await whileWaiting(async (operation) => {
    const plan = await withoutWriting(() => planApproval(acceptance, operation, { kind: "rejected", by: approver }));

    expect(plan).toMatchObject({ steps: [], blocked: false, notices: [expect.stringContaining("written nothing")] });
  }, "rejected");
});

describe("cancel", () => {
  const cancelPlan = (id: string) => withoutWriting(() => planCancelOf(acceptance, id, { by: requester }));

  it("undoes nothing of an operation that waits for approval", async () => {
    await whileWaiting(async (operation) => {
      const plan = await cancelPlan(operation);

      expect(plan).toMatchObject({ steps: [], notices: [expect.stringContaining("waits for approval")] });
      expect(plan.estimate).toBeUndefined();
    });
  });

  it("names the undos of what has begun, and how long they take", async () => {
    begin();
    const { operation } = await acceptOnboarding(acceptance, request);
    let plan: Plan | undefined;
    await acceptance.run({
      async execute(name, run) {
        if (name === "verifyAndConclude") plan = await cancelPlan(operation);
        return await run();
      },
    });

    expect(plan?.steps.map(({ name, action }) => `${name} ${action}`)).toEqual([
      "removeServiceAccount delete",
      "unfederateIdentity delete",
      "revokeDatabase delete",
      "removeIdentity delete",
      "removeNamespace delete",
    ]);
    expect(plan?.estimate?.most).toBeGreaterThan(0);
    await expect(planCancelOf(acceptance, operation, { by: requester })).rejects.toMatchObject({
      code: "OPERATION_ENDED",
    });
  });

  it("says that an offboarding leaves removed what it has removed, and a repair keeps what it has repaired", async () => {
    await whileWaiting(async () => undefined);
    const { operation: repair } = await operate(cloud, "repair", request, {
      async execute(name, run) {
        const [held] = await cloud.ports.registry.heldNamespaces();
        if (name === "grantDatabase") {
          const plan = await cancelPlan(held?.operation ?? "");
          expect(plan).toMatchObject({
            steps: [],
            notices: [expect.stringContaining("A repair undoes nothing"), expect.any(String)],
          });
        }
        return await run();
      },
    });
    expect(repair.status).toBe("Succeeded");
    const { operation } = await acceptOffboarding(acceptance, request);
    const plans: Plan[] = [];
    await acceptance.run({
      async execute(name, run) {
        if (name === "checkDependants" || name === "removeIdentity") plans.push(await cancelPlan(operation));
        return await run();
      },
    });

    expect(plans).toMatchObject([
      { steps: [], notices: [expect.stringContaining("removed nothing"), expect.any(String)] },
      {
        steps: [],
        notices: [
          expect.stringMatching(/not restored: .*revoke database access sql-dev\/messages/),
          expect.any(String),
        ],
      },
    ]);
  });

  it("does not repeat undos that a failure has already begun", async () => {
    begin();
    const { operation } = await acceptOnboarding(acceptance, request);
    let plan: Plan | undefined;
    await acceptance.run({
      async execute(name, run) {
        if (name === "verifyAndConclude") return { failure: { code: "VERIFICATION_FAILED", message: "it differs" } };
        if (name === "removeIdentity") plan = await cancelPlan(operation);
        return await run();
      },
    });

    expect(plan?.steps.map(({ name }) => name)).toEqual(["removeIdentity", "removeNamespace"]);
    expect(plan?.notices).toEqual(["It has failed, and is undoing already; a cancel changes nothing of that."]);
  });

  it("names only the last phase of a migration that has failed by itself", async () => {
    const pod = { ...request, identityMode: "podIdentity" as const };
    begin();
    await operate(cloud, "onboard", pod);
    cloud.onWrite = ({ what, when }) => {
      if (what === "remove AzureIdentity" && when === "before") throw new PermanentError("KUBERNETES_FORBIDDEN", "no");
    };
    const plans: Plan[] = [];
    await operate(cloud, "migrate", pod, {
      migration: { until: "retire", serviceAccount: "app", selector: "team-a" },
      async execute(name, run) {
        const [held] = await cloud.ports.registry.heldNamespaces();
        if (name === "checkPods" || name === "returnPodIdentity") plans.push(await cancelPlan(held?.operation ?? ""));
        return await run();
      },
    });

    expect(plans.map(({ steps }) => steps.map(({ name, action }) => `${name} ${action}`))).toEqual([
      ["undoCutOver update", "unfederateIdentity delete", "removeServiceAccount delete"],
      ["returnPodIdentity create"],
    ]);
  });

  it("is refused as the cancel would be: another's operation, one that only undoes, one that has ended", async () => {
    begin();
    cloud.onWrite = ({ what, when }) => {
      const isRefused = what === "put credential" || what === "remove identity";
      if (isRefused && when === "before") throw new PermanentError("ARM_FORBIDDEN", "no");
    };
    const { operation } = await acceptOnboarding(acceptance, request);
    await acceptance.run();
    const { operation: compensation } = await acceptCompensation(acceptance, operation);
    const stranger: Caller = { id: "s", name: "S", teams: ["none"], roles: ["Onboarding.Request"] };

    for (const [id, by, code] of [
      [compensation, requester, "CANCEL_TOO_LATE"],
      [operation, requester, "OPERATION_ENDED"],
      [operation, stranger, "NOT_FOUND"],
      ["nothing", requester, "NOT_FOUND"],
    ] as const) {
      await expect(planCancelOf(acceptance, id, { by })).rejects.toMatchObject({ code });
      await expect(cancelOperation(cloud.ports.registry, id, { by })).rejects.toMatchObject({ code });
    }
  });

  it("returns an operation that is already canceled", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    await cancelOperation(cloud.ports.registry, operation, { by: requester });

    expect(await cancelPlan(operation)).toEqual({ steps: [], blocked: false, needsApproval: [], operation });
  });

  it("says what becomes of a batch's namespaces", async () => {
    const id = await acceptBatch(acceptance, [request, { ...request, namespace: "team-b" }]);
    expect((await cancelPlan(id)).notices?.[0]).toBe("2 of 2 namespaces have not begun, and never begin.");
    await cancelBatch(cloud.ports, id, { by: requester });
    expect(await cancelPlan(id)).toMatchObject({ steps: [], operation: id });

    const item = { index: 0, cluster: "aks-dev", namespace: "team-a" };
    const items: BatchItem[] = [
      { ...item, status: "Succeeded" },
      { ...item, status: "Succeeded" },
      { ...item, status: "Failed" },
      { ...item, status: "NotStarted" },
      { ...item, status: "Running", operation: "another", claim: "mine" },
      ...Array.from({ length: 12 }, (_, at) => ({
        ...item,
        status: "Running" as const,
        operation: `o${at}`,
        claim: `o${at}`,
      })),
    ];
    const { steps, notices = [] } = planBatchCancel(items);

    expect(steps).toEqual([]);
    expect(notices.map((text) => text.slice(0, 44))).toEqual([
      "1 of 17 namespaces have not begun, and never",
      "12 of 17 namespaces are canceled; a dry run ",
      "1 of 17 namespaces are left to operations th",
      "2 of 17 namespaces have succeeded, and stay.",
      "1 of 17 namespaces have failed or were cance",
      "Items that begin or end before the cancel re",
    ]);
    expect(notices[1]).toMatch(/o8, o9, and 2 more\.$/);
  });
});
