/** Messages for a namespace that another operation holds: they occupy no slot, keep their order, and survive crashes. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type SuiteSandbox, type SuiteSandboxOptions, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

const approval = { databases: [`${names.sqlServer}/orders`], timeoutMinutes: 60 };

interface Held {
  readonly namespace: string;
  readonly operation: string;
}

interface Waiting {
  readonly operation: string;
  readonly since: string;
}

interface Listed {
  readonly id: string;
  readonly status: string;
  readonly startTime: string;
  readonly endTime: string;
}

let sandbox: SuiteSandbox;
let operator: Service;
let approver: Service;

async function open(options: Partial<SuiteSandboxOptions> = {}): Promise<void> {
  sandbox = await startSandbox({
    because: "its catalog wants approvals, and each test times them otherwise",
    callers: "keys",
    approval,
    ...options,
  });
  operator = serviceOf(sandbox);
  approver = serviceOf(sandbox, { "x-mooring-key": sandbox.cloud.callers?.approverKey ?? "" });
}

const queue = () => sandbox.cloud.serviceBus.queue(names.queue);
const request = (namespace: string, database: string, roles: readonly string[] = ["reader"]) => ({
  cluster: names.cluster,
  namespace,
  databases: [{ server: names.sqlServer, database, roles }],
});
const send = (body: object, messageId?: string) =>
  queue().send({ body, applicationProperties: { confirmRemoval: true }, ...(messageId ? { messageId } : {}) });

async function operationsOf(namespace: string): Promise<readonly Listed[]> {
  const path = `/api/operations?cluster=${names.cluster}&namespace=${namespace}`;
  const { value } = (await operator.call("GET", path)).body as { value: Listed[] };
  return value.toSorted((a, b) => (a.startTime < b.startTime ? -1 : 1));
}

async function waitingFor(namespace: string): Promise<readonly Waiting[]> {
  const { body } = await operator.call("GET", `/api/namespaces/${names.cluster}/${namespace}`);
  return (body as { waiting?: Waiting[] }).waiting ?? [];
}

/** Sends a request by queue that holds its namespace until it is approved. */
async function hold(namespace: string): Promise<Held> {
  send(request(namespace, "orders"));
  const first = async () => (await operationsOf(namespace))[0]?.id;
  await expect.poll(first, { timeout: 30_000 }).toBeDefined();
  const operation = (await first()) ?? "";
  await expect
    .poll(async () => (await operator.operation(operation)).phase, { timeout: 30_000 })
    .toBe("awaitingApproval");
  return { namespace, operation };
}

async function approve(by: Service, { operation }: Held) {
  const { approval: asked } = (await operator.operation(operation)) as object as { approval: { requestHash: string } };
  return await by.call("POST", `/api/operations/${operation}/approve`, { requestHash: asked.requestHash });
}

async function approveByBoth(held: Held): Promise<void> {
  for (const by of [operator, approver]) expect((await approve(by, held)).status).toBe(202);
}

const subsets = [["reader"], ["writer"], ["executor"], ["reader", "writer"], ["reader", "executor"]];
const eight = [...subsets, ["writer", "executor"], ["reader", "writer", "executor"], ["reader"]];

describe("while an operation holds the namespace", () => {
  beforeAll(() => open());
  afterAll(() => sandbox?.close());

  it("eight messages leave their slots, wait in their order through kills, and begin one after another", async () => {
    const held = await hold("held-eight");
    for (const [index, roles] of eight.entries()) send(request(held.namespace, "messages", roles), `eight-${index}`);
    // The last message is for another namespace; if all slots were occupied, it would arrive after a minute at best.
    send(request("innocent", "messages"));

    await expect.poll(async () => (await operationsOf("innocent")).length).toBe(1);
    const states = () =>
      queue()
        .messages()
        .map(({ messageId, state }) => `${messageId} ${state}`);
    await expect.poll(states).toEqual(eight.map((_, index) => `eight-${index} deferred`));
    expect(
      queue()
        .messages()
        .every(({ deliveryCount }) => deliveryCount === 0),
    ).toBe(true);
    await expect.poll(async () => (await waitingFor(held.namespace)).length).toBe(8);
    const waiting = await waitingFor(held.namespace);
    expect(new Set(waiting.map(({ operation }) => operation)).size).toBe(8);
    expect(waiting.every(({ since }) => Date.parse(since) <= Date.now())).toBe(true);
    const { body: list } = await operator.call("GET", "/api/namespaces?top=100");
    expect(list["value"]).toContainEqual(expect.objectContaining({ namespace: held.namespace, waiting }));

    await sandbox.killHost();
    await sandbox.restartHost();
    expect(await waitingFor(held.namespace)).toEqual(waiting);
    await approveByBoth(held);
    const third = waiting[2]?.operation ?? "";
    await expect
      .poll(async () => (await operationsOf(held.namespace)).map(({ id }) => id), { timeout: 60_000 })
      .toContain(third);
    await sandbox.killHost();
    await sandbox.restartHost();

    // A kill between the start of an operation and the completion of its message leaves that message locked for a minute.
    for (const { operation } of waiting) {
      await expect
        .poll(async () => (await operationsOf(held.namespace)).map(({ id }) => id), { timeout: 120_000 })
        .toContain(operation);
      expect(await operator.waitFor(operation, 60_000)).toMatchObject({ status: "Succeeded" });
    }
    const operations = await operationsOf(held.namespace);
    expect(operations.map(({ id }) => id)).toEqual([held.operation, ...waiting.map(({ operation }) => operation)]);
    for (const [index, { startTime }] of operations.entries()) {
      const before = operations[index - 1];
      if (before)
        expect(Date.parse(startTime), `operation ${index} begins after the one before`).toBeGreaterThanOrEqual(
          Date.parse(before.endTime),
        );
    }
    // Those that no kill affected: the end of each begins the next, not a timer.
    const last = operations.slice(-3);
    expect(Date.parse(last[2]?.startTime ?? "") - Date.parse(last[1]?.endTime ?? "")).toBeLessThan(5_000);
    await expect.poll(() => queue().messages(), { timeout: 30_000 }).toEqual([]);
    expect(queue().deadLetters()).toEqual([]);
    expect(await waitingFor(held.namespace)).toEqual([]);
  }, 300_000);

  it("the same request sent twice is one change, and a request that is refused at its turn does not block the others", async () => {
    const held = await hold("held-refused");
    const wanted = request(held.namespace, "messages");
    send({ ...wanted, identityMode: "podIdentity" }, "mode");
    send(wanted, "once");
    send(wanted, "twice");
    await expect.poll(async () => (await waitingFor(held.namespace)).length).toBe(3);

    await approveByBoth(held);

    await expect.poll(() => queue().messages(), { timeout: 60_000 }).toEqual([]);
    expect(queue().deadLetters()).toMatchObject([
      { messageId: "mode", applicationProperties: { DeadLetterReason: "MODE_CHANGE_REFUSED" } },
    ]);
    await expect
      .poll(async () => (await operationsOf(held.namespace)).map(({ status }) => status))
      .toEqual(["Succeeded", "Succeeded"]);
  }, 120_000);

  it("a request from the queue needs two different approvers, even if one of them sent it", async () => {
    const held = await hold("held-own");

    const first = await approve(operator, held);
    const again = await approve(operator, held);
    expect([first.status, again.status]).toEqual([202, 202]);
    const after = (await operator.operation(held.operation)) as object as { phase: string; approval: object };
    expect(after).toMatchObject({
      phase: "awaitingApproval",
      approval: { needed: 2, given: [{ by: "key:operator" }] },
    });
    expect(after.approval).not.toHaveProperty("decision");
    expect((await approve(approver, held)).status).toBe(202);

    expect(await operator.waitFor(held.operation, 60_000)).toMatchObject({ status: "Succeeded" });
  }, 120_000);
});

describe("when the wait is over", () => {
  beforeAll(() => open({ queue: { waitMinutes: 0.05 } }));
  afterAll(() => sandbox?.close());

  it("the message is dead-lettered with OPERATION_IN_PROGRESS, which names the operation", async () => {
    const held = await hold("held-long");
    send(request(held.namespace, "messages"), "late");

    await expect
      .poll(() => queue().deadLetters(), { timeout: 40_000 })
      .toMatchObject([
        {
          messageId: "late",
          applicationProperties: {
            DeadLetterReason: "OPERATION_IN_PROGRESS",
            DeadLetterErrorDescription: expect.stringContaining(held.operation),
          },
        },
      ]);
    expect(queue().messages()).toEqual([]);
    expect(await waitingFor(held.namespace)).toEqual([]);
    expect(await operator.operation(held.operation)).toMatchObject({ phase: "awaitingApproval" });
  }, 90_000);
});
