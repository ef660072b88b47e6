/** One audit entry per effect, no matter what is lost, repeated or undone on the way. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext, requester } from "../support/acceptanceContext.ts";
import type { RunOptions } from "../support/durableRunner.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { operate } from "../support/operations.ts";

let cloud: FakeCloud;

beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const traceId = "0af7651916cd43dd8448eb211c80319c";

const anna: Caller = { ...requester, id: "anna" };

async function run(kind: "onboard" | "offboard", options: RunOptions = {}) {
  await operate(cloud, kind, request, { by: anna, operation: `${kind}-1`, ...options });
}

const onboardEffects = [
  "ensureIdentity create",
  "applyNamespace create",
  "grantDatabase create",
  "applyServiceAccount create",
  "federateIdentity create",
];
const offboardEffects = [
  "removeServiceAccount delete",
  "revokeDatabase delete",
  "unfederateIdentity delete",
  "removeIdentity delete",
  "removeNamespace delete",
];

function effects(operation: string) {
  return cloud.audit
    .filter((entry) => entry.kind === "effect" && entry.operation === operation)
    .map(({ what, action }) => `${what} ${action}`)
    .toSorted();
}

it("records who caused each effect, with before and after, and both decisions", async () => {
  await run("onboard");

  expect(effects("onboard-1")).toEqual(onboardEffects.toSorted());
  expect(cloud.audit.filter(({ kind }) => kind === "decision").map(({ action, outcome }) => [action, outcome])).toEqual(
    [
      ["accepted", "Running"],
      ["ended", "Succeeded"],
    ],
  );
  for (const entry of cloud.audit) expect(entry).toMatchObject({ who: "anna", traceId, namespace: "team-a" });
  expect(cloud.audit.find(({ what }) => what === "grantDatabase")?.differences).toContainEqual({
    field: "db_datareader",
    current: null,
    desired: "granted",
  });
});

it("records the same when every activity runs twice, as after a crash before its answer was stored", async () => {
  const execute: RunOptions["execute"] = async (_name, work) => {
    await work();
    return await work();
  };

  await run("onboard", { execute });
  await run("offboard", { execute });

  expect(effects("onboard-1")).toEqual(onboardEffects.toSorted());
  expect(effects("offboard-1")).toEqual(offboardEffects.toSorted());
  expect(new Set(cloud.audit.map(({ id }) => id)).size).toBe(cloud.audit.length);
});

it("records a change whose answer was lost, although the next attempt has nothing left to do", async () => {
  await run("onboard");
  const lost = new Set<string>();
  cloud.onWrite = ({ what, when }) => {
    if (when === "before" || lost.has(what)) return;
    lost.add(what);
    throw new TransientError("ARM_UNAVAILABLE", "no answer came");
  };

  await run("offboard");

  expect(lost.size).toBeGreaterThan(4);
  expect(effects("offboard-1")).toEqual(offboardEffects.toSorted());
});

it("records a failed attempt that may have had an effect, and what was undone", async () => {
  cloud.onWrite = ({ what, when }) => {
    if (what === "put credential" && when === "before") throw new PermanentError("ARM_FORBIDDEN", "refused");
  };

  await run("onboard");

  const failed = cloud.audit.filter(({ outcome, kind }) => kind === "effect" && outcome === "Failed");
  expect(failed).toMatchObject([{ what: "federateIdentity", action: "create", code: "ARM_FORBIDDEN" }]);
  expect(effects("onboard-1")).toEqual(expect.arrayContaining(["removeIdentity delete", "revokeDatabase delete"]));
  expect(cloud.audit.at(-1)).toMatchObject({ action: "ended", outcome: "Failed", code: "ARM_FORBIDDEN" });
});

it("records nothing for a step that changed nothing", async () => {
  await run("onboard");
  await operate(cloud, "repair", request, { by: anna, operation: "repair-1" });

  expect(effects("repair-1")).toEqual([]);
  expect(cloud.audit.filter(({ operation }) => operation === "repair-1").map(({ action }) => action)).toEqual([
    "accepted",
    "ended",
  ]);
});

it("repeats the step when the trail cannot be written, and ends with one entry", async () => {
  const { append } = cloud.ports.audit;
  let refusals = 3;
  const audit = {
    ...cloud.ports.audit,
    append: async (entry: Parameters<typeof append>[0]) => {
      refusals -= 1;
      if (refusals >= 0) throw new TransientError("REGISTRY_UNAVAILABLE", "the table does not answer");
      await append(entry);
    },
  };
  providePorts({ ...cloud.ports, audit });

  await run("onboard");

  expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Onboarded");
  expect(effects("onboard-1")).toEqual(onboardEffects.toSorted());
});

it("has what a committed step did, even if no attempt could record it at once", async () => {
  const acceptance = createAcceptanceContext(cloud);
  const pod = OnboardingRequest.parse({ ...request, identityMode: "podIdentity" });
  await acceptOnboarding(acceptance, pod);
  await acceptance.run();
  const { audit } = cloud.ports;
  let failures = catalog.retry.attempts + 1;
  providePorts({
    ...cloud.ports,
    audit: {
      ...audit,
      async append(entry) {
        if (entry.what === "federateIdentity" && failures-- > 0)
          throw new TransientError("REGISTRY_UNAVAILABLE", "busy");
        await audit.append(entry);
      },
    },
  });
  const migration = { until: "sideBySide", serviceAccount: "app", selector: "team-a" } as const;
  const accepted = await acceptUpkeep(acceptance, "Migrating", { namespaceRef: pod, prepare: () => ({ migration }) });

  await acceptance.run();

  expect(failures).toBeLessThan(0);
  expect(cloud.operations.get(accepted.operation)?.status).toBe("Succeeded");
  expect(effects(accepted.operation)).toContain("federateIdentity create");
});
