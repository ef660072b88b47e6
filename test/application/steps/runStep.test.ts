/** The kernel of every step as a table: what the records say before, what the step does, and what the records say after. */
import { expect, it } from "vitest";
import { runStep } from "../../../src/application/steps/runStep.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { OperationRecord, StepRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { RetryPolicy } from "../../../src/durable/retry.ts";
import type { Ports } from "../../../src/ports/index.ts";
import {
  defineStep,
  inputOf,
  type StepContext,
  type StepDefinition,
  type StepInput,
  StepResult,
} from "../../../src/resources/definitions/step.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const target = "aks-dev/team-a";
const request = OnboardingRequest.parse({
  ...namespaceRef,
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const operation: OperationRecord = {
  ...{ id: "1", kind: "onboard", ...namespaceRef, status: "Running", request },
  ...{ requestedBy: "key:requester", createdTime: "2026-11-29T00:00:00Z" },
};
const retry: RetryPolicy = { firstIntervalMs: 10, maxIntervalMs: 20, attempts: 2, landingMs: 60_000 };

type Body = (ports: Ports, step: StepContext) => Promise<StepResult>;

const { clusters } = catalog;
const cluster = { ...(clusters["aks-dev"] as NonNullable<(typeof clusters)[string]>), alias: "aks-dev" };
const apply = (ports: Ports) =>
  ports.kubernetes.apply(cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a" } });

const nothing: Body = async () => ({ action: "none" });
const change = { field: "name", current: null, desired: "team-a" };
const creates: Body = async (ports, step) => {
  await step.willDo("create", [change]);
  await apply(ports);
  return { action: "create" };
};
const throws =
  (error: Error): Body =>
  async () => {
    throw error;
  };
const forbidden = new PermanentError("KUBERNETES_FORBIDDEN", "It may not.");
const away = new TransientError("CLUSTER_UNREACHABLE", "No answer.");
const waits: Body = async () => ({ action: "none", waitsUntil: "2026-11-29T01:00:00.000Z" });
const createsAndWaits: Body = async (ports, step) => ({
  ...(await creates(ports, step)),
  ...(await waits(ports, step)),
});
const commits: Body = async (_ports, step) => {
  await step.commit();
  return { action: "none" };
};
interface Case {
  /** Rows of the operation before, the step's own among them. */
  readonly rows?: readonly (Partial<StepRecord> & { readonly name: string; readonly target?: string })[];
  /** What the operation's record has besides; null: there is none. */
  readonly record?: Partial<OperationRecord> | null;
  readonly attempts?: number;
  readonly retrial?: StepInput["retrial"];
  /** Refuses the write from outside the gate. */
  readonly answers?: Error;
  readonly does: Body;
  /** The action, or the code with which it fails, or when it looks again. */
  readonly ends: string;
  /** Of the step's own row; undefined fields must be absent. */
  readonly row?: Expected<StepRecord>;
  readonly audit?: readonly string[];
  readonly isWritten?: boolean;
  readonly operation?: Expected<OperationRecord>;
}

type Expected<T> = { readonly [Field in keyof T]?: T[Field] | undefined };

const died = { status: "Running", attempts: 1, isOpen: true, action: "create", differences: [change] } as const;
const over = { isOpen: false };

const forward: Readonly<Record<string, Case>> = {
  "finds nothing to do": {
    does: nothing,
    ends: "none",
    row: { status: "Succeeded", action: "none", attempts: 1, ...over, unansweredTime: undefined },
    audit: [],
  },
  "makes something": {
    does: creates,
    ends: "create",
    row: { status: "Succeeded", action: "create", differences: [change], ...over },
    audit: ["create Succeeded"],
    isWritten: true,
  },
  "is refused for good before it wanted anything": {
    does: throws(forbidden),
    ends: "KUBERNETES_FORBIDDEN",
    row: { status: "Failed", attempts: 1, nextRetryTime: undefined, ...over },
    audit: [],
  },
  "is refused for good after it said what it would do": {
    does: async (ports, step) => {
      await creates(ports, step);
      throw forbidden;
    },
    ends: "KUBERNETES_FORBIDDEN",
    row: { status: "Failed", action: "create", ...over },
    audit: ["create Failed"],
    isWritten: true,
  },
  "meets what may pass, with attempts left": {
    does: throws(away),
    ends: "CLUSTER_UNREACHABLE",
    row: { status: "Running", nextRetryTime: expect.any(String), endTime: undefined, ...over },
    audit: [],
  },
  "meets what may pass, in its last attempt": {
    attempts: 1,
    does: throws(away),
    ends: "CLUSTER_UNREACHABLE",
    row: { status: "Failed", endTime: expect.any(String), nextRetryTime: undefined, ...over },
  },
  "meets what nobody foresaw": {
    does: throws(new Error("at https://10.9.8.7/secret")),
    ends: "UNEXPECTED",
    row: { status: "Running", error: expect.objectContaining({ message: expect.not.stringContaining("10.9.8.7") }) },
  },
  "gets no answer to a write": {
    answers: away,
    does: creates,
    ends: "CLUSTER_UNREACHABLE",
    row: { status: "Running", action: "create", unansweredTime: expect.any(String), ...over },
  },
  "is told that a write had no effect": {
    answers: new TransientError("KUBERNETES_THROTTLED", "Later."),
    does: creates,
    ends: "KUBERNETES_THROTTLED",
    row: { status: "Running", unansweredTime: undefined, ...over },
  },
  "is told that a write is refused": {
    answers: forbidden,
    does: creates,
    ends: "KUBERNETES_FORBIDDEN",
    row: { status: "Failed", unansweredTime: undefined, ...over },
    audit: ["create Failed"],
  },
  "follows an attempt that died, and finds what that one made": {
    rows: [{ name: "applyNamespace", ...died }],
    does: nothing,
    ends: "create",
    row: { status: "Succeeded", action: "create", attempts: 2, unansweredTime: expect.any(String), ...over },
    audit: ["create Succeeded"],
  },
  "does otherwise than an attempt that died, as its mark will tell": {
    rows: [{ name: "applyNamespace", ...died, action: "update" }],
    attempts: 3,
    does: async (ports, step) => {
      await step.willDo("create", [change], { isMarked: true });
      await apply(ports);
      throw away;
    },
    ends: "CLUSTER_UNREACHABLE",
    row: { status: "Running", action: "create" },
    isWritten: true,
  },
  "follows an attempt that said how it ended": {
    rows: [{ name: "applyNamespace", ...died, isOpen: false }],
    does: nothing,
    ends: "create",
    row: { status: "Succeeded", attempts: 2, unansweredTime: undefined },
  },
  "makes something and waits, beside a try that may end the step": {
    rows: [{ name: "applyNamespace", status: "Running", attempts: 1, isOpen: true }],
    does: createsAndWaits,
    ends: "looks again",
    row: { status: "Running", action: "create", ...over },
    audit: ["create Succeeded"],
    isWritten: true,
  },
  "makes something and waits, alone": {
    does: createsAndWaits,
    ends: "looks again",
    row: { status: "Running", action: "create", ...over },
    audit: [],
    isWritten: true,
  },
  "looks again later": {
    does: waits,
    ends: "looks again",
    row: { status: "Running", nextRetryTime: "2026-11-29T01:00:00.000Z", ...over },
    audit: [],
  },
  "commits the operation": {
    does: commits,
    ends: "none",
    row: { status: "Succeeded" },
    operation: { committedTime: expect.any(String) },
  },
  "commits an operation that was canceled": {
    record: { cancel: { by: "key:approver", time: "2026-11-29T00:00:01Z" } },
    does: commits,
    ends: "OPERATION_CANCELED",
    row: { status: "Failed" },
    audit: [],
    operation: { committedTime: undefined },
  },
  "would write although its operation was canceled": {
    record: { cancel: { by: "key:approver", time: "2026-11-29T00:00:01Z" } },
    does: async (ports) => {
      await apply(ports);
      return { action: "create" };
    },
    ends: "OPERATION_CANCELED",
    row: { status: "Failed", ...over },
    audit: [],
    isWritten: false,
  },
  "is canceled after an attempt that had begun to make something": {
    record: { cancel: { by: "key:approver", time: "2026-11-29T00:00:01Z" } },
    rows: [{ name: "applyNamespace", ...died, isOpen: false }],
    does: creates,
    ends: "OPERATION_CANCELED",
    row: { status: "Failed", attempts: 2 },
    audit: [],
    isWritten: false,
  },
  "comes for the first time when its operation has ended": {
    record: { status: "Succeeded" },
    does: creates,
    ends: "OPERATION_ENDED",
    row: { status: "Canceled", ...over },
    audit: [],
    isWritten: false,
  },
  "comes again when its operation has ended": {
    record: { status: "Succeeded" },
    rows: [{ name: "applyNamespace", status: "Succeeded", action: "create" }],
    does: creates,
    ends: "OPERATION_ENDED",
    row: { status: "Succeeded", action: "create", attempts: 1 },
    audit: [],
    isWritten: false,
  },
  "comes for the first time when an undo has closed it": {
    rows: [{ name: "applyNamespace", status: "NotStarted", attempts: 0 }, { name: "removeNamespace" }],
    does: creates,
    ends: "OPERATION_ENDED",
    row: { status: "Canceled" },
    audit: [],
    isWritten: false,
  },
  "comes again when its operation is being undone": {
    rows: [{ name: "applyNamespace", status: "Failed" }, { name: "removeNamespace" }],
    does: creates,
    ends: "OPERATION_ENDED",
    row: { status: "Failed" },
    isWritten: false,
  },
};

const removes =
  (...fields: readonly string[]): Body =>
  async (_ports, step) => {
    await step.willDo(
      "delete",
      fields.map((field) => ({ field, current: "there", desired: null })),
    );
    return { action: "delete" };
  };
const removed = (...fields: readonly string[]) =>
  fields.map((field) => ({ field, current: "there", desired: null })) satisfies StepRecord["differences"];
const longAgo = { startTime: "2026-11-29T00:00:00Z", changedTime: "2026-11-29T00:00:00Z" };
const justNow = () => new Date().toISOString();

const undos: Readonly<Record<string, Case>> = {
  "takes away what was made": {
    rows: [{ name: "applyNamespace", status: "Succeeded", action: "create" }],
    does: removes("name"),
    ends: "delete",
    row: { status: "Succeeded", action: "delete", differences: removed("name") },
    audit: ["delete Succeeded"],
  },
  "runs although its operation was canceled": {
    record: { cancel: { by: "key:approver", time: "2026-11-29T00:00:01Z" } },
    does: removes("name"),
    ends: "delete",
    row: { status: "Succeeded" },
  },
  "does nothing in an operation that has committed": {
    record: { committedTime: "2026-11-29T00:00:01Z" },
    does: removes("name"),
    ends: "OPERATION_ENDED",
    row: { status: "Running", action: undefined },
    audit: [],
  },
  "does nothing in an operation that has ended": {
    record: { status: "Failed" },
    does: removes("name"),
    ends: "OPERATION_ENDED",
    row: { action: undefined },
    audit: [],
  },
  "looks again while a write of its step may still take effect": {
    rows: [{ name: "applyNamespace", status: "Failed", unansweredTime: justNow(), isOpen: false }],
    does: nothing,
    ends: "looks again",
    row: {
      status: "Running",
      nextRetryTime: expect.any(String),
      notices: [expect.objectContaining({ code: "WRITE_UNANSWERED" })],
    },
    audit: [],
  },
  "does not look again after everything has landed": {
    rows: [{ name: "applyNamespace", status: "Failed", unansweredTime: longAgo.startTime, isOpen: false }],
    does: nothing,
    ends: "none",
    row: { status: "Succeeded", notices: undefined },
  },
  "goes on after its last attempt": {
    attempts: 1,
    does: throws(away),
    ends: "CLUSTER_UNREACHABLE",
    row: { status: "Running", nextRetryTime: expect.any(String) },
  },
  "is given up while it goes on": {
    record: { givenUp: { by: "key:approver", time: "2026-11-29T00:00:01Z" } },
    retrial: { nextMs: 10 },
    does: removes("name"),
    ends: "UNDO_GIVEN_UP",
    row: { status: "Failed", action: undefined },
    audit: [],
  },
  "finds more at its second look": {
    rows: [{ name: "removeNamespace", status: "Running", isOpen: false, action: "delete", differences: removed("a") }],
    does: removes("b"),
    ends: "delete",
    row: { status: "Succeeded", differences: removed("a", "b"), attempts: 2 },
    audit: ["delete Succeeded"],
  },
  "finds the same at its second look": {
    rows: [
      { name: "removeNamespace", status: "Running", isOpen: false, action: "delete", differences: removed("a", "b") },
    ],
    does: removes("b"),
    ends: "delete",
    row: { status: "Succeeded", differences: removed("a", "b") },
  },
  "finds another of the same kind at its second look": {
    rows: [
      {
        ...{ name: "removeNamespace", status: "Running", isOpen: false, action: "delete" },
        differences: [{ field: "name", current: "former", desired: null }],
      },
    ],
    does: async (_ports, step) => {
      await step.willDo("delete", [{ field: "name", current: "app", desired: null }]);
      return { action: "delete" };
    },
    ends: "delete",
    row: {
      differences: [
        { field: "name", current: "former", desired: null },
        { field: "name", current: "app", desired: null },
      ],
    },
  },
  "changes something after it had removed something": {
    rows: [{ name: "removeNamespace", status: "Running", isOpen: false, action: "delete", differences: removed("a") }],
    does: async (_ports, step) => {
      await step.willDo("update", [change]);
      return { action: "update" };
    },
    ends: "update",
    row: { status: "Succeeded", action: "update", differences: [change] },
  },
  "finds nothing more at its second look": {
    rows: [{ name: "removeNamespace", status: "Running", isOpen: false, action: "delete", differences: removed("a") }],
    does: nothing,
    ends: "delete",
    row: { status: "Succeeded", action: "delete", differences: removed("a") },
    audit: ["delete Succeeded"],
  },
};

const quiet = { invocationId: "i", log: () => undefined, warn: () => undefined };

function arrange({ rows = [], record = {}, answers }: Case): { readonly cloud: FakeCloud; readonly ports: Ports } {
  const cloud = createFakeCloud();
  if (record) cloud.operations.set("1", { ...operation, ...record, etag: "1" });
  for (const { name, ...rest } of rows) {
    const row = { name, target, status: "Succeeded", attempts: 1, isOpen: false, ...longAgo, ...rest } as const;
    cloud.steps.set(`1 ${name} ${row.target}`, row);
  }
  const kubernetes: Ports["kubernetes"] = answers
    ? { ...cloud.ports.kubernetes, apply: () => Promise.reject(answers) }
    : cloud.ports.kubernetes;
  return { cloud, ports: { ...cloud.ports, kubernetes } };
}

async function check(
  each: Case,
  own: "applyNamespace" | "removeNamespace",
  run: (ports: Ports) => Promise<StepResult>,
) {
  const { cloud, ports } = arrange(each);

  const ended = await run(ports).then(
    ({ action, waitsUntil }) => (waitsUntil === undefined ? action : "looks again"),
    (error: { code: string }) => error.code,
  );

  expect(ended).toBe(each.ends);
  const row = cloud.steps.get(`1 ${own} ${target}`);
  for (const [field, expected] of Object.entries(each.row ?? {})) {
    expect(row?.[field as keyof StepRecord], field).toEqual(expected);
  }
  if (each.audit) expect(cloud.audit.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(each.audit);
  if (each.isWritten !== undefined) expect(cloud.objects.has("v1 Namespace /team-a")).toBe(each.isWritten);
  for (const [field, expected] of Object.entries(each.operation ?? {})) {
    expect(cloud.operations.get("1")?.[field as keyof OperationRecord], field).toEqual(expected);
  }
}

const baseOf = ({ attempts = 2, retrial }: Case) => ({
  ...{ operation: "1", ...namespaceRef, requestedBy: "key:requester", retry: { ...retry, attempts } },
  ...(retrial ? { retrial } : {}),
});

function withBase<G extends object>(base: StepInput, step: StepDefinition<G, StepResult>): StepInput & G {
  return inputOf(step, base, { operation: { kind: "onboard", request } });
}

it.each(Object.entries(forward))("a step %s", async (_what, each) => {
  const step = defineStep({
    ...{ name: "applyNamespace", given: {}, output: StepResult, target: "namespace", from: () => ({}) },
    run: (_input, ports, context) => each.does(ports, context),
  });
  await check(each, "applyNamespace", (ports) => runStep(step, withBase(baseOf(each), step), ports, quiet));
});

it.each(Object.entries(undos))("an undo %s", async (_what, each) => {
  const step = defineStep({
    ...{ name: "removeNamespace", given: {}, output: StepResult, target: "namespace", from: () => ({}) },
    run: (_input, ports, context) => each.does(ports, context),
  });
  const input = { ...baseOf(each), createdBy: "1" };
  const policy = { ...input.retry, undoTimeoutMs: 60_000 };
  await check(each, "removeNamespace", (ports) =>
    runStep(step, withBase({ ...input, retry: policy }, step), ports, quiet),
  );
});

it("an undo of another operation does nothing once that one has succeeded", async () => {
  const step = defineStep({
    ...{ name: "removeNamespace", given: {}, output: StepResult, target: "namespace", from: () => ({}) },
    run: (_input, ports, context) => removes("name")(ports, context),
  });
  const { cloud, ports } = arrange({ does: nothing, ends: "none" });
  cloud.operations.set("0", { ...operation, id: "0", status: "Succeeded", etag: "1" });

  const input = withBase({ ...baseOf({ does: nothing, ends: "" }), createdBy: "0" }, step);
  const undo = runStep(step, input, ports, quiet);

  await expect(undo).rejects.toMatchObject({ code: "OPERATION_ENDED" });
  expect(cloud.audit).toEqual([]);
});

it("no write happens before the start of its step is recorded", async () => {
  const { cloud, ports } = arrange({ does: nothing, ends: "none" });
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const registry: Ports["registry"] = {
    ...ports.registry,
    async startStep(...input) {
      await begun;
      return await ports.registry.startStep(...input);
    },
  };
  const step = defineStep({
    ...{ name: "applyNamespace", given: {}, output: StepResult, target: "namespace", from: () => ({}) },
    async run(_input, gatedPorts) {
      await apply(gatedPorts);
      return { action: "create" };
    },
  });
  const input = withBase(baseOf({ does: nothing, ends: "" }), step);
  const running = runStep(step, input, { ...ports, registry }, quiet);
  await new Promise((resolve) => setImmediate(resolve));

  expect(cloud.objects.has("v1 Namespace /team-a")).toBe(false);
  begin();
  await running;
  expect(cloud.objects.has("v1 Namespace /team-a")).toBe(true);
});
