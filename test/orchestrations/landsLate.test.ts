/**
 * A write may take effect long after its sender died or stopped waiting. The undo of such a write looks again until nothing can
 * take effect any more: what it looked for in vain once may be there later.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { afterAcceptance, PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { newPair } from "../support/ids.ts";
import { inVirtualTime, useVirtualTime } from "../support/virtualTime.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  adoptionPolicy: "Always",
});

const landingMs = 300_000;
const name = identityName(request);

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let putBack: () => void;

beforeEach(() => {
  putBack = useVirtualTime();
  const retry = {
    ...catalog.retry,
    firstIntervalMs: 5_000,
    maxIntervalMs: 60_000,
    landingMs,
    undoTimeoutMs: 3_600_000,
  };
  cloud = createFakeCloud({ retry });
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
});
afterEach(() => putBack());

/** What Mooring made, apart from what is always there. */
function left(): readonly string[] {
  const mine = [...cloud.objects.keys()].filter((key) => key.includes("team-a"));
  const users = [...cloud.users].flatMap(([database, all]) => [...all.keys()].map((user) => `${database} ${user}`));
  return [
    ...mine,
    ...users,
    ...cloud.identities.keys(),
    ...[...cloud.credentials.values()].flat().map((each) => each.name),
  ];
}

/** The first write of that name never gets an answer; the second is refused, so that the operation fails. */
function loseAnswer(what: string, fate: "late" | "dies"): void {
  let sent = 0;
  cloud.onWrite = (call) => {
    if (call.when === "after" || call.what !== what) return undefined;
    sent += 1;
    if (sent === 2) throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
    return sent === 1 ? fate : undefined;
  };
}

/**
 * Runs the operation; a process that died is replaced, and what got no answer takes effect when the undos wait for the n-th time,
 * or after the end.
 */
async function run({ landsAtRest = 3 }: { landsAtRest?: number } = {}): Promise<void> {
  let rests = 0;
  const land = () => {
    for (const effect of cloud.late.splice(0)) effect();
  };
  await acceptance.run({
    ...inVirtualTime,
    atRest() {
      rests += 1;
      if (rests === landsAtRest) land();
    },
    async execute(_activity, work) {
      const lost = cloud.late.length;
      const answer = work();
      const isDead = async () => {
        for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
        return cloud.late.length > lost ? ("dead" as const) : await answer;
      };
      const outcome = await Promise.race([answer, isDead()]);
      return outcome === "dead" ? await work() : outcome;
    },
  });
  land();
}

const writes = ["put identity", "apply Namespace", "apply ServiceAccount", "put credential", "change sql-dev/messages"];

describe.each(["late", "dies"] as const)("a write whose sender gets no answer (%s)", (fate) => {
  it.each(writes)("%s is undone although it lands after the undo has looked", async (what) => {
    const { operation } = await acceptOnboarding(acceptance, request);
    loseAnswer(what, fate);

    await run();

    expect(left()).toEqual([]);
    expect(cloud.operations.get(operation)).toMatchObject({ status: "Failed" });
    expect(cloud.operations.get(operation)?.leftUndone).toBeUndefined();
  });

  it("is undone on what somebody else made, and stays", async () => {
    const theirs = { id: "/theirs", name, location: "westeurope", tags: {}, ...newPair() };
    cloud.identities.set(name, { ...theirs, tenantId: catalog.tenantId });
    cloud.objects.set("v1 Namespace /team-a", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "team-a", uid: "theirs" },
    });
    await acceptOnboarding(acceptance, request);
    loseAnswer("put credential", fate);

    await run();

    expect(cloud.credentials.get(name) ?? []).toEqual([]);
    expect(cloud.identities.has(name)).toBe(true);
  });
});

/** As an adapter throws it. */
async function accepted(error: Error): Promise<Error> {
  return await afterAcceptance(() => Promise.reject(error)).catch(() => error);
}

it.each([
  ["finds nothing", new TransientError("CONCURRENT_CREDENTIAL_WRITE", "Azure accepted it, but now has none")],
  ["is forbidden", new PermanentError("ARM_FORBIDDEN", "the look is forbidden")],
])("a write that Azure has accepted, and whose look after it %s, is undone wherever it lands", async (_how, cause) => {
  cloud.ports.catalog.retry.attempts = 1;
  const theirs = { id: "/theirs", name, location: "westeurope", tags: {}, ...newPair() };
  cloud.identities.set(name, { ...theirs, tenantId: catalog.tenantId });
  const { operation } = await acceptOnboarding(acceptance, request);
  const error = await accepted(cause);
  cloud.onWrite = ({ what, when }) => (what === "put credential" && when === "before" ? error : undefined);

  await run();

  expect(cloud.operations.get(operation)).toMatchObject({ status: "Failed" });
  expect(cloud.credentials.get(name) ?? []).toEqual([]);
});

it("takes its time between looks, however often somebody cancels", async () => {
  await acceptOnboarding(acceptance, request);
  loseAnswer("put identity", "late");

  const { calls } = await acceptance.run({
    ...inVirtualTime,
    async execute(activity, work) {
      if (activity === "removeIdentity") acceptance.raise("decision");
      return await work();
    },
  });

  expect(calls.filter((each) => each === "removeIdentity").length).toBeLessThanOrEqual(landingMs / 5_000 + 2);
});

it("says in the status of the undo what it waits for", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  loseAnswer("put identity", "late");
  let seen: unknown;
  await acceptance.run({
    ...inVirtualTime,
    async atRest() {
      seen ??= (await cloud.ports.registry.listSteps(operation)).find((step) => step.name === "removeIdentity");
    },
  });

  expect(seen).toMatchObject({
    status: "Running",
    nextRetryTime: expect.any(String),
    notices: [{ code: "WRITE_UNANSWERED", message: expect.stringContaining(`set up identity ${name}`) }],
  });
  const steps = await cloud.ports.registry.listSteps(operation);
  expect(steps.find((step) => step.name === "removeIdentity")).toMatchObject({ status: "Succeeded", notices: [] });
});

it("ends at once when every write was answered", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  const rests: Date[] = [];
  await acceptance.run({
    ...inVirtualTime,
    atRest: (now) => void rests.push(now),
    async execute(activity, work) {
      if (activity === "verifyAndConclude") await cancelOperation(cloud.ports.registry, operation, { by: requester });
      return await work();
    },
  });

  expect(cloud.operations.get(operation)?.status).toBe("Canceled");
  expect(rests).toEqual([]);
  expect(left()).toEqual([]);
});

it("covers a migration's credential", async () => {
  const pod = OnboardingRequest.parse({ ...request, identityMode: "podIdentity" });
  await acceptOnboarding(acceptance, pod);
  await acceptance.run(inVirtualTime);
  const migration = { until: "retire", serviceAccount: "app", selector: "team-a" } as const;
  const { operation } = await acceptUpkeep(acceptance, "Migrating", {
    namespaceRef: pod,
    prepare: () => ({ migration }),
  });
  loseAnswer("put credential", "dies");

  await run();

  expect(cloud.operations.get(operation)?.status).toBe("Failed");
  expect([...cloud.credentials.values()].flat()).toEqual([]);
});

/** Runs what was accepted; what got no answer takes effect at the n-th rest of it, if there is one. */
async function runAndLand(landsAtRest = 1): Promise<number> {
  let rests = 0;
  await acceptance.run({
    ...inVirtualTime,
    atRest() {
      rests += 1;
      if (rests === landsAtRest) for (const effect of cloud.late.splice(0)) effect();
    },
  });
  return rests;
}

/** The first write of that name gets no answer, and the second succeeds. */
function loseOnce(what: string): void {
  let sent = 0;
  cloud.onWrite = (call) => {
    if (call.when === "after" || call.what !== what) return undefined;
    sent += 1;
    return sent === 1 ? "late" : undefined;
  };
}

describe("the next operation", () => {
  it.each(writes)("does not begin while %s of an onboarding that succeeded may still land", async (what) => {
    await acceptOnboarding(acceptance, request);
    loseOnce(what);
    await acceptance.run(inVirtualTime);
    const { landsUntil = "" } = cloud.namespaces.get("aks-dev/team-a") ?? {};
    expect(new Date(landsUntil).getTime()).toBeGreaterThan(Date.now());

    await acceptOffboarding(acceptance, request);
    await runAndLand();

    expect(left()).toEqual([]);
    expect(cloud.namespaces.size).toBe(0);
  });

  it("is not met by a deletion of the offboarding before it", async () => {
    await acceptOnboarding(acceptance, request);
    await acceptance.run(inVirtualTime);
    loseOnce("remove identity");
    await acceptOffboarding(acceptance, request);
    await runAndLand(4);
    await acceptOnboarding(acceptance, request);
    await acceptance.run(inVirtualTime);
    for (const effect of cloud.late.splice(0)) effect();

    expect(cloud.identities.has(name)).toBe(true);
  });

  it("begins at once when every write was answered", async () => {
    await acceptOnboarding(acceptance, request);
    await acceptance.run(inVirtualTime);
    await acceptOffboarding(acceptance, request);

    expect(await runAndLand()).toBe(0);
    expect(left()).toEqual([]);
  });
});

describe("Azure that does not find what is there", () => {
  /** So many of the next reads of the identity answer 404, and lists of its credentials with it. */
  function hideIdentity(times: number): void {
    let hidden = 0;
    const { identities } = cloud.ports;
    const isHidden = () => {
      hidden += 1;
      return hidden <= times;
    };
    providePorts({
      ...cloud.ports,
      identities: {
        ...identities,
        get: async (ref) => (isHidden() ? undefined : await identities.get(ref)),
        federatedCredentials: async (ref) => (isHidden() ? [] : await identities.federatedCredentials(ref)),
      },
    });
  }

  it.each([1, 2, 3])("%i times is not believed by an undo", async (times) => {
    const { operation } = await acceptOnboarding(acceptance, request);
    await acceptance.run({
      ...inVirtualTime,
      async execute(activity, work) {
        if (activity === "verifyAndConclude") {
          await cancelOperation(cloud.ports.registry, operation, { by: requester });
          const answer = await work();
          hideIdentity(times);
          return answer;
        }
        return await work();
      },
    });

    expect(cloud.operations.get(operation)?.status).toBe("Canceled");
    expect(left()).toEqual([]);
  });

  it.each([1, 2, 3, 4])("%i times is not believed by an offboarding", async (times) => {
    await acceptOnboarding(acceptance, request);
    await acceptance.run(inVirtualTime);
    const { operation } = await acceptOffboarding(acceptance, request);
    hideIdentity(times);
    await acceptance.run(inVirtualTime);

    expect(cloud.operations.get(operation)?.status).toBe("Succeeded");
    expect(left()).toEqual([]);
  });

  it("is believed when it lasts", async () => {
    await acceptOnboarding(acceptance, request);
    await acceptance.run(inVirtualTime);
    cloud.identities.clear();
    cloud.credentials.clear();
    const { operation } = await acceptOffboarding(acceptance, request);
    const seen: string[] = [];
    await acceptance.run({
      ...inVirtualTime,
      async atRest() {
        const steps = await cloud.ports.registry.listSteps(operation);
        seen.push(...steps.flatMap(({ notices = [] }) => notices.map(({ code }) => code)));
      },
    });

    expect(cloud.operations.get(operation)?.status).toBe("Succeeded");
    expect(new Set(seen)).toEqual(new Set(["LOOK_UNCONFIRMED"]));
  });
});
