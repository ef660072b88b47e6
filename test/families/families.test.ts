/**
 * What holds of every family of targets, whatever it gives access to: a family that is added brings a row. On the wire,
 * test/sandbox/families.test.ts says the same of one place of each.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { exportAzureCli, exportTsql } from "../../src/application/inspection/exportNamespace.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import { targetKinds } from "../../src/domain/targets/index.ts";
import { confirmed, createAcceptanceContext } from "../support/acceptanceContext.ts";
import type { FakeCloud } from "../support/fakeCloud.ts";
import { newPair } from "../support/ids.ts";
import { operate } from "../support/operations.ts";
import { expectNothingLeft } from "../support/remains.ts";
import { namespaceRef, only, type World } from "./family.ts";
import { azureRoles } from "./rows/azureRole.ts";
import { cosmos } from "./rows/cosmos.ts";
import { postgres } from "./rows/postgres.ts";
import { sqlDatabases } from "./rows/sqlDatabase.ts";

const families = { ...azureRoles, ...cosmos, ...postgres, ...sqlDatabases };

describe.each(Object.entries(families))("%s", (_name, { all, less, begin, ...family }) => {
  const { read, steps } = targetKinds[family.kind];
  const keys = (request: OnboardingRequest) => read(request).map(({ key }) => key);
  let world: World;
  let cloud: FakeCloud;

  function start() {
    world = begin();
    cloud = world.cloud;
    providePorts(cloud.ports);
  }
  beforeEach(start);

  async function found() {
    const { request, clientId, things } = only(cloud.namespaces.values());
    if (!clientId) throw new Error("it is not onboarded");
    const { findings } = await proveNamespace(cloud.ports, { request, clientId, things }, "run");
    return findings.map(({ code }) => code).toSorted();
  }

  async function succeed(kind: "onboard" | "repair" | "offboard", request = all.request) {
    const { operation } = await operate(cloud, kind, request);
    expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
    return operation.id;
  }

  async function send(request: OnboardingRequest, operation: string) {
    const acceptance = createAcceptanceContext(cloud);
    await acceptOnboarding({ ...acceptance, operation }, request, confirmed);
    await acceptance.run();
    return cloud.operations.get(operation);
  }

  const ofTargets = (list: Plan["steps"] | Awaited<ReturnType<FakeCloud["ports"]["registry"]["listSteps"]>>) =>
    list
      .filter(({ name, action }) => Object.values<string>(steps).includes(name) && action !== "none")
      .map(({ name, target, action }) => `${name} ${target} ${action}`)
      .toSorted();
  const plan = async (request: OnboardingRequest, earlier?: OnboardingRequest) =>
    await planOnboarding(cloud.ports, { operation: "dry-run", request, ...(earlier ? { earlier } : {}) });
  const done = async (operation: string) => ofTargets(await cloud.ports.registry.listSteps(operation));

  function remakeIdentity() {
    const [name, old] = only(cloud.identities);
    cloud.identities.set(name, { ...old, ...newPair() });
  }

  /** Refuses that write, counted over all services. */
  function refuse(refused: number, moment: "before" | "after") {
    let writes = 0;
    cloud.onWrite = ({ when, what }) => {
      if (when !== moment) return;
      writes += 1;
      if (writes === refused) throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
    };
  }

  it("gives what the plan says, and no more", async () => {
    const planned = ofTargets((await plan(all.request)).steps);
    const operation = await succeed("onboard");

    expect(planned).toEqual(
      keys(all.request)
        .map((key) => `${steps.grant} ${key} create`)
        .toSorted(),
    );
    expect(await done(operation)).toEqual(planned);
    expect(world.given()).toEqual(all.given);
    expect(await found()).toEqual([]);
  });

  it.each(Object.keys(begin().drifts()))("finds drift of its field and repairs it: %s", async (field) => {
    await succeed("onboard");
    const drift = world.drifts()[field];
    drift?.change();
    const changed = world.given();

    expect(await found()).toEqual(drift?.found);
    let writes = 0;
    cloud.onWrite = ({ when }) => {
      if (when === "after") writes += 1;
    };
    await succeed("repair");
    expect(writes).toBe(drift?.isOthers ? 0 : (drift?.writes ?? 1));
    expect(world.given()).toEqual(drift?.isOthers ? changed : all.given);
    expect(await found()).toEqual(drift?.isOthers ? drift.found : []);
  });

  it("finds what an earlier identity has, and a repair takes it away", async () => {
    await succeed("onboard");
    remakeIdentity();

    expect(await found()).toContain(family.stale);
    await succeed("repair");
    expect(world.given()).toEqual(all.given);
    expect(await found()).toEqual([]);
  });

  it.each(["before", "after"] as const)(
    "is undone when a write fails, whichever it is, %s its effect",
    async (moment) => {
      for (let refused = 1; ; refused += 1) {
        start();
        refuse(refused, moment);
        const { operation } = await operate(cloud, "onboard", all.request);
        if (operation.status === "Succeeded") break;
        expect(world.given(), `write ${refused}`).toEqual([]);
        expectNothingLeft(cloud);
      }
      expect(world.given()).toEqual(all.given);
    },
  );

  it("is the same by hand", async () => {
    await succeed("onboard");
    const { request, clientId } = only(cloud.namespaces.values());
    const { principalId } = only(cloud.identities.values());
    if (!clientId) throw new Error("it is not onboarded");
    const exported = { request, clientId, principalId };
    const early = exportAzureCli(cloud.ports.catalog, { request, clientId });
    if (family.kind === "namedTarget")
      expect(early).toMatch(/--assignee \S|does not know the identity's principal ID yet/);
    world.byHand?.({
      azureCli: exportAzureCli(cloud.ports.catalog, exported),
      tsql: exportTsql(cloud.ports.catalog, exported),
    });

    expect(world.given()).toEqual(all.given);
    expect((await found()).filter((code) => code !== "MARK_MISSING")).toEqual([]);
  });

  it("uses what somebody else gave, unless adoptionPolicy forbids it, and leaves it there", async () => {
    const ref = { subscriptionId: "s", resourceGroup: "g", name: identityName(namespaceRef) };
    world.lend(await cloud.ports.identities.put(ref, { location: "westeurope", tags: {} }));
    const blockers = ({ steps: all }: Plan) => all.flatMap((step) => step.blockers.map(({ code }) => code));

    expect(blockers(await plan({ ...all.request, adoptionPolicy: "Never" }))).toContain(family.conflict);
    const planned = ofTargets((await plan(all.request)).steps);
    expect(planned).toEqual(
      keys(all.request)
        .map((key) => `${steps.grant} ${key} adopt`)
        .toSorted(),
    );
    expect(await done(await succeed("onboard"))).toEqual(planned);
    expect(await found()).toEqual([]);
    await succeed("offboard");
    expect(world.given()).toEqual(all.given);
  });

  it("leaves nothing after an offboarding", async () => {
    await succeed("onboard");
    await succeed("offboard");

    expect(world.given()).toEqual([]);
    expectNothingLeft(cloud);
  });

  const smaller = less;
  if (smaller) {
    it("is widened and narrowed by a change, as planned", async () => {
      await succeed("onboard", smaller.request);
      expect(world.given()).toEqual(smaller.given);
      await succeed("onboard");
      expect(world.given()).toEqual(all.given);

      const planned = ofTargets((await plan(smaller.request, all.request)).steps);
      expect(await send(smaller.request, "narrowing")).toMatchObject({ status: "Succeeded" });
      expect(await done("narrowing")).toEqual(planned);
      expect(world.given()).toEqual(smaller.given);
      expect(await found()).toEqual([]);
    });

    it.each(["before", "after"] as const)("of a change undoes only what it gave, %s", async (moment) => {
      for (let refused = 1; ; refused += 1) {
        start();
        await succeed("onboard", smaller.request);
        refuse(refused, moment);
        const { operation } = await operate(cloud, "onboard", all.request);
        if (operation.status === "Succeeded") break;
        cloud.onWrite = () => undefined;
        // What it takes away at its end is not given back: the same request again completes it.
        const isPastUndo = operation.error?.code === "CHANGE_INCOMPLETE";
        if (isPastUndo) await succeed("onboard");
        expect(world.given(), `write ${refused}`).toEqual((isPastUndo ? all : smaller).given);
      }
    });

    it("plans to take nothing that the grant has taken from an earlier identity before", async () => {
      await succeed("onboard");
      remakeIdentity();
      const planned = ofTargets((await plan(smaller.request, all.request)).steps);
      expect(await send(smaller.request, "narrowing")).toMatchObject({ status: "Succeeded" });

      expect(await done("narrowing")).toEqual(planned);
      expect(world.given()).toEqual(smaller.given);
    });
  }
});
