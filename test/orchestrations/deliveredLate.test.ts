/**
 * The runtime delivers an activity at least once: a message whose removal was lost comes again minutes later, when its operation
 * has long ended and others have followed. Then it changes nothing.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import {
  acceptCompensation,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { everyStep } from "../../src/application/process/index.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import type { OperationRecord, StepRecord } from "../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import {
  confirmed,
  createAcceptanceContext,
  requester,
  type TestAcceptanceContext,
} from "../support/acceptanceContext.ts";
import { breakOff, comeByTimer } from "../support/breakOff.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";

const requestFor = (...databases: string[]) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-a",
    databases: databases.map((database) => ({ server: "sql-dev", database, roles: ["reader"] })),
  });
const request = requestFor("messages");
const larger = requestFor("messages", "orders");
const pod = OnboardingRequest.parse({ ...request, identityMode: "podIdentity" });

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

beforeEach(() => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
});

interface Delivery {
  readonly activity: string;
  readonly again: () => Promise<unknown>;
}

/** Runs the accepted operation; returns its activities. */
async function run(): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  await acceptance.run({
    async execute(activity, work) {
      deliveries.push({ activity, again: work });
      return await work();
    },
  });
  return deliveries;
}

async function onboard(wanted = request): Promise<readonly Delivery[]> {
  await acceptOnboarding(acceptance, wanted, confirmed);
  return await run();
}

async function offboard(): Promise<readonly Delivery[]> {
  await acceptOffboarding(acceptance, request);
  return await run();
}

async function repair(): Promise<readonly Delivery[]> {
  await acceptUpkeep(acceptance, "Repairing", { namespaceRef: request, prepare: () => ({}) });
  return await run();
}

async function migrate(): Promise<readonly Delivery[]> {
  const migration = { until: "retire", serviceAccount: "app", selector: "team-a" } as const;
  await acceptUpkeep(acceptance, "Migrating", { namespaceRef: pod, prepare: () => ({ migration }) });
  return await run();
}

function refuse(...refused: string[]): void {
  cloud.onWrite = ({ what, when }) => {
    if (when === "before" && refused.includes(what)) throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
  };
}

async function failOnboarding(...refused: string[]): Promise<{ operation: string; deliveries: readonly Delivery[] }> {
  const { operation } = await acceptOnboarding(acceptance, request);
  refuse(...refused);
  const deliveries = await run();
  refuse();
  expect(cloud.operations.get(operation)?.status).toBe("Failed");
  return { operation, deliveries };
}

/** Everything that an activity may change, without the number of the last write. */
function everything() {
  const rows = <T extends { etag: string }>(all: ReadonlyMap<string, T>) =>
    [...all].map(([key, { etag: _etag, ...row }]) => [key, row]);
  return structuredClone({
    identities: [...cloud.identities],
    credentials: [...cloud.credentials],
    users: [...cloud.users].map(([database, users]) => [database, [...users]]),
    objects: [...cloud.objects],
    sqlAdmins: [...cloud.sqlAdmins],
    namespaces: rows(cloud.namespaces),
    operations: rows(cloud.operations),
    steps: [...cloud.steps],
    audit: cloud.audit.map(({ id }) => id),
    // An event that is published again has the same ID, by which the topic and its readers know it.
    events: [...new Set(cloud.events.map(({ id }) => id))],
  });
}

type Everything = ReturnType<typeof everything>;

/** An undo that comes again before the end is one more attempt, and ends once more. */
function withoutAttemptsOfUndos({ steps, ...rest }: Everything): object {
  const isUndo = ({ name }: StepRecord) => everyStep.some(({ undo }) => undo?.by === name || undo?.ofChange === name);
  const stays = ({ attempts: _attempts, endTime: _endTime, changedTime: _changedTime, ...step }: StepRecord) => step;
  return { ...rest, steps: steps.map(([id, step]) => [id, isUndo(step) ? stays(step) : step]) };
}

/** Which operation's activities come late, and what has followed it by then. */
const stories: Readonly<Record<string, () => Promise<readonly Delivery[]>>> = {
  "an onboarding that was offboarded since": async () => {
    const late = await onboard();
    await offboard();
    return late;
  },
  "an offboarding whose namespace was onboarded again": async () => {
    await onboard();
    const late = await offboard();
    await onboard();
    return late;
  },
  "a repair before a change": async () => {
    await onboard();
    const late = await repair();
    await onboard(larger);
    return late;
  },
  "a change that was changed back": async () => {
    await onboard(larger);
    const late = await onboard(request);
    await onboard(larger);
    return late;
  },
  "an onboarding that failed, and was sent again": async () => {
    const { deliveries } = await failOnboarding("change sql-dev/messages");
    await onboard();
    return deliveries;
  },
  "an onboarding that was canceled, and sent again": async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    const late: Delivery[] = [];
    await acceptance.run({
      async execute(activity, again) {
        late.push({ activity, again });
        if (activity === "verifyAndConclude") await cancelOperation(cloud.ports.registry, operation, { by: requester });
        return await again();
      },
    });
    await onboard();
    return late;
  },
  "a compensation whose namespace was onboarded again": async () => {
    const { operation } = await failOnboarding("change sql-dev/messages", "remove credential", "remove ServiceAccount");
    await acceptCompensation(acceptance, operation);
    const late = await run();
    await onboard();
    return late;
  },
  "a migration whose namespace was offboarded and onboarded again": async () => {
    await onboard(pod);
    const late = await migrate();
    await offboard();
    await onboard(pod);
    return late;
  },
};

describe.each(Object.entries(stories))("late activities of %s", (_what, tell) => {
  it("change neither the cloud nor what is recorded", async () => {
    const late = await tell();
    const before = everything();
    expect(late.length).toBeGreaterThan(3);

    for (const { activity, again } of late) {
      // The runtime ignores what comes of it.
      await again().catch(() => undefined);

      expect(everything(), activity).toEqual(before);
    }
  });
});

/** The activities that the runtime delivers again just before the operation's end is recorded, with what each leaves. */
async function deliverAgainBeforeEnd() {
  const delivered: Delivery[] = [];
  const again: { activity: string; before: Everything; after: Everything }[] = [];
  await acceptance.run({
    async execute(activity, work) {
      for (const late of activity === "recordOutcome" ? delivered : []) {
        const before = everything();
        await late.again().catch(() => undefined);
        again.push({ activity: late.activity, before, after: everything() });
      }
      delivered.push({ activity, again: work });
      return await work();
    },
  });
  return again;
}

describe("activities delivered again after they were undone, before the operation's end", () => {
  it.each(["an adopted", "a new"])("change nothing in %s namespace", async (kind) => {
    if (kind === "an adopted") {
      const theirs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", uid: "theirs" } };
      cloud.objects.set("v1 Namespace /team-a", theirs);
    }
    const { operation } = await acceptOnboarding(acceptance, request);
    refuse("change sql-dev/messages");

    const again = await deliverAgainBeforeEnd();

    expect(again.map(({ activity }) => activity)).toContain("removeServiceAccount");
    for (const { activity, before, after } of again) {
      expect(withoutAttemptsOfUndos(after), activity).toEqual(withoutAttemptsOfUndos(before));
    }
    expect(cloud.operations.get(operation)?.status).toBe("Failed");
  });
});

it("asks once whether a late activity may do anything", async () => {
  const [connect] = (await onboard()).filter(({ activity }) => activity === "connectWorkload");
  const asked: string[] = [];
  const { registry } = cloud.ports;
  providePorts({
    ...cloud.ports,
    registry: {
      ...registry,
      async startStep(operation, step, time) {
        asked.push(step.name);
        return await registry.startStep(operation, step, time);
      },
    },
  });

  await connect?.again().catch(() => undefined);

  expect(asked.toSorted()).toEqual(["applyServiceAccount", "federateIdentity"]);
});

/** What the runtime says of an activity that it gives up. */
function givenUp(): Error {
  return new Error("no worker took the activity");
}

const prepared = ["identity", "ServiceAccount", "ConfigMap"];

/** The names of what is there of Mooring's. */
function left(): readonly string[] {
  const objects = [...cloud.objects.keys()].filter((key) => prepared.some((kind) => key.includes(kind)));
  return [...cloud.identities.keys(), ...[...cloud.credentials.values()].flat().map(({ name }) => name), ...objects];
}

describe("an activity delivered for the first time while its operation is being undone", () => {
  it.each(["connectWorkload", "verifyAndConclude"])("%s writes nothing, and its step says so", async (name) => {
    const { operation } = await acceptOnboarding(acceptance, request);
    let first: (() => Promise<unknown>) | undefined;
    const late: string[] = [];
    if (name !== "verifyAndConclude") refuse("change sql-dev/messages");

    await acceptance.run({
      async execute(activity, work) {
        if (activity === name) {
          first ??= work;
          throw givenUp();
        }
        const answer = await work();
        if (!first || !/^(remove|revoke|unfederate)/.test(activity)) return answer;
        const before = everything();
        const deliver = first;
        await deliver().catch(() => undefined);
        expect(everything(), activity).toEqual(before);
        late.push(activity);
        return answer;
      },
    });

    expect(late.length).toBeGreaterThan(3);
    expect(left()).toEqual([]);
    expect(cloud.operations.get(operation)).toMatchObject({ status: "Failed" });
    const steps = await cloud.ports.registry.listSteps(operation);
    const refused = steps.filter(({ status }) => status === "Canceled");
    expect(refused.map((step) => step.name)).toEqual(
      name === "connectWorkload" ? ["applyServiceAccount", "federateIdentity"] : ["verify"],
    );
    for (const step of refused) {
      expect(step).toMatchObject({ error: { code: "OPERATION_ENDED" }, endTime: expect.any(String) });
      expect(step.error?.message).toContain("is being undone");
    }
  });
});

describe("an activity that is writing when its operation begins to be undone", () => {
  it("is waited for, so that the undo finds what it made", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    const held = Promise.withResolvers<void>();
    const { registry, kubernetes } = cloud.ports;
    const isWriting = Promise.withResolvers<void>();
    providePorts({
      ...cloud.ports,
      registry: {
        ...registry,
        async closeSteps(...asked) {
          const steps = await registry.closeSteps(...asked);
          held.resolve();
          return steps;
        },
      },
      kubernetes: {
        ...kubernetes,
        async apply(cluster, object, options) {
          if (object.kind === "ServiceAccount" && !options?.dryRun) {
            isWriting.resolve();
            await held.promise;
          }
          return await kubernetes.apply(cluster, object, options);
        },
      },
    });
    refuse("change sql-dev/messages");
    let writing: Promise<unknown> | undefined;

    await acceptance.run({
      async execute(activity, work) {
        if (activity === "connectWorkload") {
          writing ??= work();
          await isWriting.promise;
          throw givenUp();
        }
        return await work();
      },
    });
    held.resolve();
    await writing;

    expect(left()).toEqual([]);
    expect(cloud.operations.get(operation)).toMatchObject({ status: "Failed" });
  });
});

describe("an activity of a run that broke off", () => {
  async function amend(operation: string, changes: Partial<OperationRecord>): Promise<void> {
    const record = cloud.operations.get(operation);
    if (record) expect(await cloud.ports.registry.amendOperation(record, changes)).toBe(true);
  }

  it("does not end the operation once it has been resumed", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    refuse("change sql-dev/messages");
    let end: (() => Promise<unknown>) | undefined;
    const breakOff = acceptance.run({
      async execute(activity, work) {
        if (activity !== "recordOutcome") return await work();
        end ??= work;
        throw givenUp();
      },
    });
    await breakOff.catch(() => undefined);
    await amend(operation, { restarts: 1 });

    const late = end?.();

    expect(await late).toMatchObject({
      failure: { code: "OPERATION_ENDED", message: expect.stringContaining("has been resumed") },
    });
    expect(cloud.operations.get(operation)?.status).toBe("Running");
    expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Onboarding");
  });

  /** Breaks off while it undoes what it made because no worker took a step, and nobody recorded that. Returns its undos, which come late. */
  async function breakOffUndoing(): Promise<readonly Delivery[]> {
    const late: Delivery[] = [];
    await breakOff(acceptance, "recordOutcome", {
      when: "before",
      async execute(activity, work) {
        const isUndo = /^(remove|revoke|unfederate)/.test(activity);
        if (isUndo) late.push({ activity, again: work });
        if (isUndo || activity === "verifyAndConclude") throw givenUp();
        return await work();
      },
    });
    return late;
  }

  it("undoes nothing of what the next run builds on, and leaves no trace in its records", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    const late = await breakOffUndoing();
    expect(late.length).toBeGreaterThan(3);
    const before = left();
    await comeByTimer(acceptance);

    await acceptance.run({
      async execute(activity, work) {
        if (activity !== "verifyAndConclude") return await work();
        for (const { again } of late) expect(await again()).toMatchObject({ failure: { code: "OPERATION_ENDED" } });
        return await work();
      },
    });

    expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded" });
    expect(left()).toEqual(before);
    const steps = await cloud.ports.registry.listSteps(operation);
    expect(steps.filter(({ name }) => /^(remove|revoke|unfederate)/.test(name))).toEqual([]);
  });

  it("is undone by the next run, if one of its undos begins just before that run", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    const [first] = await breakOffUndoing();
    const { registry } = cloud.ports;
    let undoing: Promise<unknown> | undefined;
    const amendOperation: typeof registry.amendOperation = async (record, changes) => {
      // What its steps have done has been read by now, and the next run is not counted yet.
      undoing = first?.again();
      await undoing;
      return await registry.amendOperation(record, changes);
    };
    await comeByTimer({ ...acceptance, ports: { ...cloud.ports, registry: { ...registry, amendOperation } } });
    expect(await undoing).toMatchObject({ result: { action: "delete" } });

    await acceptance.run();

    expect(cloud.operations.get(operation)).toMatchObject({
      status: "Failed",
      error: { code: "ORCHESTRATION_FAILED" },
    });
    expect(left()).toEqual([]);
  });

  it("is not undone by the next run, if it has verified and committed the operation", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    const deliveries: Delivery[] = [];
    refuse("change sql-dev/messages");
    await acceptance.run({
      async execute(activity, work) {
        if (!/^(remove|revoke|unfederate)/.test(activity)) return await work();
        if (deliveries.length === 0) await amend(operation, { committedTime: "2026-11-27T00:00:00Z" });
        deliveries.push({ activity, again: work });
        return await work();
      },
    });

    expect(deliveries.length).toBeGreaterThan(0);
    expect(left()).toHaveLength(4);
    const steps = await cloud.ports.registry.listSteps(operation);
    expect(steps.filter(({ action }) => action === "delete")).toEqual([]);
  });
});
