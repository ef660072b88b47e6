/**
 * A cancel at every moment of an operation: either it ends Canceled with nothing left, or the cancel is refused and the work
 * is done.
 */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import type { RunOptions } from "../support/durableRunner.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { expectNothingLeft } from "../support/remains.ts";

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

function begin() {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
}
beforeEach(begin);

const databases = [
  { server: "sql-dev", database: "messages", roles: ["reader"] },
  { server: "sql-dev", database: "orders", roles: ["writer", "executor"] },
];
const workload = OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases });
const pod = OnboardingRequest.parse({ ...workload, identityMode: "podIdentity" });

/** True when the cancel was accepted, false when it came too late. */
async function cancel(operation: string): Promise<boolean> {
  try {
    await cancelOperation(cloud.ports.registry, operation, { by: requester });
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^(CANCEL_TOO_LATE|OPERATION_ENDED)$/) });
    return false;
  }
}

/** Cancels before or after the n-th activity. */
function cancelAt(n: number, when: "before" | "after", operation: string): RunOptions & { accepted: () => boolean } {
  let call = 0;
  let accepted = false;
  return {
    accepted: () => accepted,
    async execute(_name, run) {
      call += 1;
      const isNow = call === n;
      if (isNow && when === "before") accepted = await cancel(operation);
      const result = await run();
      if (isNow && when === "after") accepted = await cancel(operation);
      return result;
    },
  };
}

it.each([workload, pod])("leaves nothing whenever an onboarding in mode $identityMode is canceled", async (request) => {
  const outcomes: string[] = [];
  for (const when of ["before", "after"] as const) {
    let calls = Number.POSITIVE_INFINITY;
    for (let n = 1; n <= calls; n += 1) {
      begin();
      const { operation } = await acceptOnboarding(acceptance, request);
      const options = cancelAt(n, when, operation);
      calls = (await acceptance.run(options)).calls.length;

      const record = cloud.operations.get(operation);
      outcomes.push(`${record?.status}`);
      if (options.accepted()) {
        expect(record, `${when} call ${n}`).toMatchObject({
          status: "Canceled",
          error: { code: "OPERATION_CANCELED" },
        });
        expectNothingLeft(cloud);
        expect(cloud.namespaces.size).toBe(0);
        expect(cloud.events.at(-1)?.data).toMatchObject({ status: "Canceled", phase: "done" });
      } else {
        expect(record, `${when} call ${n}`).toMatchObject({ status: "Succeeded" });
        expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Onboarded");
      }
    }
  }
  expect(outcomes.filter((status) => status === "Canceled").length).toBeGreaterThan(10);
  expect(outcomes.filter((status) => status === "Succeeded").length).toBeGreaterThan(1);
});

const writes = ["put identity", "apply Namespace", "apply ConfigMap", "change sql-dev/orders", "put credential"];

it.each(writes.flatMap((what) => (["before", "after"] as const).map((when) => [when, what] as const)))(
  "leaves nothing when the cancel comes right %s the write %s",
  async (when, what) => {
    const { operation } = await acceptOnboarding(acceptance, workload);
    let canceled: Promise<boolean> | undefined;
    cloud.onWrite = (write) => {
      if (write.what === what && write.when === when) canceled ??= cancel(operation);
    };

    await acceptance.run();

    expect(await canceled).toBe(true);
    expect(cloud.operations.get(operation)?.status).toBe("Canceled");
    expectNothingLeft(cloud);
  },
);

it("says who canceled, why, and what was undone", async () => {
  const { operation } = await acceptOnboarding(acceptance, workload);
  const comment = "wrong database";
  await acceptance.run({
    async execute(name, run) {
      if (name === "verifyAndConclude")
        await cancelOperation(cloud.ports.registry, operation, { by: requester, comment });
      return await run();
    },
  });

  expect(cloud.operations.get(operation)?.error?.message).toMatch(
    /^Canceled by requester: wrong database\. Undone: .*revoke database access sql-dev\/orders.*remove identity mooring-aks-dev-team-a/,
  );
});

it("writes nothing when it is canceled before it begins", async () => {
  const { operation } = await acceptOnboarding(acceptance, workload);
  const written: string[] = [];
  cloud.onWrite = ({ what }) => written.push(what);
  await cancel(operation);

  await acceptance.run();

  expect(written).toEqual([]);
  expect(cloud.operations.get(operation)).toMatchObject({
    status: "Canceled",
    error: { message: "Canceled by requester. There was nothing to undo." },
  });
});

it("answers a second cancel like the first, even after the end, and refuses to cancel an operation with another outcome", async () => {
  const { registry } = cloud.ports;
  const first = await acceptOnboarding(acceptance, workload);
  const once = await cancelOperation(registry, first.operation, { by: requester });
  const again = await cancelOperation(registry, first.operation, { by: { ...requester, id: "somebody else" } });
  await acceptance.run();
  const late = await cancelOperation(registry, first.operation, { by: requester });

  expect([again.cancel, late.cancel]).toEqual([once.cancel, once.cancel]);

  const second = await acceptOnboarding(acceptance, workload);
  await acceptance.run();
  const refused = cancelOperation(registry, second.operation, { by: requester });
  await expect(refused).rejects.toMatchObject({ code: "OPERATION_ENDED" });
  await expect(cancelOperation(registry, "nothing", { by: requester })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

it("ends Canceled when it is canceled while a failure is being undone, and names the failure", async () => {
  const { operation } = await acceptOnboarding(acceptance, workload);
  cloud.onWrite = ({ what, when }) => {
    if (what === "put credential" && when === "before") throw new PermanentError("ARM_FORBIDDEN", "no right");
  };

  await acceptance.run({
    async execute(name, run) {
      if (name === "revokeDatabase") await cancel(operation);
      return await run();
    },
  });

  expect(cloud.operations.get(operation)).toMatchObject({
    status: "Canceled",
    error: { message: expect.stringContaining("It had failed by then: no right") },
  });
  expectNothingLeft(cloud);
});

it("reports a failed undo as a failure, even if the operation was canceled", async () => {
  const { operation } = await acceptOnboarding(acceptance, workload);
  cloud.onWrite = ({ what, when }) => {
    if (what === "remove identity" && when === "before") throw new PermanentError("ARM_FORBIDDEN", "no right");
  };

  await acceptance.run({
    async execute(name, run) {
      if (name === "verifyAndConclude") await cancel(operation);
      return await run();
    },
  });

  expect(cloud.operations.get(operation)).toMatchObject({ status: "Failed", error: { code: "COMPENSATION_FAILED" } });
  expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Incomplete");
});

it("stops an offboarding before its next step and says what is gone, or leaves the namespace as it was if nothing is", async () => {
  let calls = Number.POSITIVE_INFINITY;
  let canceled = 0;
  for (let n = 1; n <= calls; n += 1) {
    begin();
    await acceptOnboarding(acceptance, workload);
    await acceptance.run();
    const { etag: _, ...before } = cloud.namespaces.get("aks-dev/team-a") ?? { etag: "" };
    const { operation } = await acceptOffboarding(acceptance, workload);
    const options = cancelAt(n, "before", operation);
    const late: string[] = [];
    cloud.onWrite = ({ what }) => {
      if (options.accepted()) late.push(what);
    };
    calls = (await acceptance.run(options)).calls.length;
    expect(late, `written after the cancel before call ${n}`).toEqual([]);
    cloud.onWrite = () => undefined;
    const record = cloud.operations.get(operation);
    if (!options.accepted()) {
      expect(record?.status).toBe("Succeeded");
      continue;
    }
    canceled += 1;
    // The first call only looks.
    const how = n === 1 ? "The namespace is as it was." : "Incomplete";
    expect(record).toMatchObject({ status: "Canceled", error: { message: expect.stringContaining(how) } });
    if (n === 1) expect(cloud.namespaces.get("aks-dev/team-a")).toEqual({ ...before, etag: expect.any(String) });
    else expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Incomplete");
    // The offboarding can be completed.
    await acceptOffboarding(acceptance, workload);
    await acceptance.run();
    expectNothingLeft(cloud);
    expect(cloud.namespaces.size).toBe(0);
  }
  expect(canceled).toBeGreaterThan(4);
});
