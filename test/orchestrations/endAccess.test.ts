/** Some of a namespace's access has ended: that goes first, whatever is wrong with what stays, and never comes back. */
import { beforeEach, describe, expect, it } from "vitest";
import { acceptExpired } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { listSteps } from "../../src/application/documents/operationDocument.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { requester } from "../support/acceptanceContext.ts";
import { runOrchestration } from "../support/durableRunner.ts";
import { catalog, type FakeCloud } from "../support/fakeCloud.ts";
import { assign } from "../support/models/azure.ts";
import { repair, send } from "../support/operations.ts";
import { down, Ending, muchLaterMs, request, troubles } from "./ending.ts";

let ending: Ending;
let cloud: FakeCloud;

beforeEach(() => {
  ending = new Ending();
  cloud = ending.cloud;
});

const use = (ports: Ports) => void ending.use(ports);
const onboardUntil: Ending["onboardUntil"] = (...wanted) => ending.onboardUntil(...wanted);
const takeAway: Ending["takeAway"] = (laterMs) => ending.takeAway(laterMs);
const roles = () => ending.roles();
const hasUser = (database: string) => cloud.users.get(`sql-dev/${database}`)?.has(identityName(request)) ?? false;
const namespace = () => cloud.namespaces.get("aks-dev/team-a");
const told = () => JSON.stringify(cloud.objects.get("v1 ConfigMap team-a/mooring-databases")?.["data"]);

describe.each(troubles)("while another target %s", (_what, change, code) => {
  beforeEach(() => onboardUntil(request, "sql-dev/orders", "jobs"));

  it("goes, and what is wrong there is told", async () => {
    use({ ...cloud.ports, ...change(cloud.ports) });

    const { record, notices } = await takeAway();

    expect(record).toMatchObject({ status: "Succeeded", kind: "change", requestedBy: "mooring-expiry" });
    expect([hasUser("orders"), hasUser("messages")]).toEqual([false, true]);
    expect(roles()).toEqual(["uploads"]);
    expect(notices).toContain(code);
    expect(namespace()).toMatchObject({ state: "Onboarded", request: { databases: [{ database: "messages" }] } });
    expect(told()).not.toContain("orders");
  });

  it("does not come back with a repair", async () => {
    use({ ...cloud.ports, ...change(cloud.ports) });
    await takeAway();
    use(cloud.ports);

    expect(await repair(cloud.ports, request)).toMatchObject({ status: "Succeeded" });
    expect([hasUser("orders"), hasUser("messages")]).toEqual([false, true]);
    expect(roles()).toEqual(["uploads"]);
    expect(namespace()).toMatchObject({ state: "Onboarded", findings: [] });
  });
});

it("goes before anything else happens, and the status shows that order", async () => {
  await onboardUntil(request, "sql-dev/orders");
  const writes: string[] = [];
  cloud.onWrite = ({ what, when }) => when === "before" && writes.push(what);

  const { run, record, steps } = await takeAway();

  expect(run.calls).toEqual(["preflight", "retireDatabase", "prepareNamespace", "verifyAndConclude"]);
  expect(writes).toEqual(["change sql-dev/orders", "apply ConfigMap"]);
  expect(listSteps(record, steps).map((step) => step.name)).toEqual([
    ...["preflight", "retireDatabase", "ensureIdentity", "applyNamespace", "verify"],
  ]);
});

it("remembers the things of a target that it could not read", async () => {
  await onboardUntil(request, "sql-dev/orders");
  const things = namespace()?.things?.filter(({ thing }) => /uploads/.test(thing));
  expect(things).toHaveLength(1);
  use({ ...cloud.ports, ...troubles[2]?.[1](cloud.ports) });

  await takeAway();

  expect(namespace()?.findings).toMatchObject([{ code: "UNREADABLE", target: "uploads" }]);
  expect(namespace()?.things).toEqual(expect.arrayContaining(things ?? []));
});

it("stays gone when the rest fails, which the next attempt does", async () => {
  await onboardUntil(request, "sql-dev/orders");
  cloud.onWrite = ({ what, when }) => {
    if (what === "apply ConfigMap" && when === "before") throw new PermanentError("KUBERNETES_REJECTED", "refused");
  };

  const { record } = await takeAway();

  expect(record).toMatchObject({ status: "Failed", error: { code: "CHANGE_INCOMPLETE" } });
  expect(record.error?.message).toMatch(
    /^Access that has ended is taken away\. The rest .* could not be done: refused/,
  );
  expect(record).not.toHaveProperty("leftUndone");
  expect(namespace()).toMatchObject({ state: "Incomplete", request: { databases: [{ database: "messages" }] } });
  expect(hasUser("orders")).toBe(false);

  cloud.onWrite = () => undefined;
  expect((await takeAway(muchLaterMs)).record).toMatchObject({ status: "Succeeded" });
  expect(namespace()).toMatchObject({ state: "Onboarded" });
  expect(told()).not.toContain("orders");
});

it("goes and is completed where a role of what stays includes another one", async () => {
  const [first, ...others] = request.targets ?? [];
  const redundant = { ...request, targets: [{ target: "uploads", access: ["read", "write"] as const }, ...others] };
  expect(first?.target).toBe("uploads");
  await onboardUntil(OnboardingRequest.parse(redundant), "sql-dev/orders");
  use({ ...cloud.ports, ...troubles[2]?.[1](cloud.ports) });
  cloud.onWrite = ({ what, when }) => {
    if (what === "apply ConfigMap" && when === "before") throw new PermanentError("KUBERNETES_REJECTED", "refused");
  };
  expect((await takeAway()).record.error?.message).toMatch(/^Access that has ended is taken away/);
  cloud.onWrite = () => undefined;

  expect((await takeAway(muchLaterMs)).record).toMatchObject({ status: "Succeeded" });
  expect(namespace()).toMatchObject({ state: "Onboarded" });
});

describe("where the catalog has moved what stays", () => {
  const { uploads, ...others } = catalog.targets;
  const moved = Catalog.parse({ ...catalog, targets: { ...others, uploads: { ...uploads, container: "archive" } } });
  const scopes = () => roles().toSorted();

  it("is as it was there, and nothing is given where the target is now", async () => {
    await onboardUntil(request, "jobs");
    use({ ...cloud.ports, catalog: moved });

    expect((await takeAway()).record).toMatchObject({ status: "Succeeded" });
    expect(scopes()).toEqual(["uploads"]);
    expect(namespace()?.findings).toMatchObject([{ code: "TARGET_MOVED", target: "uploads" }]);
  });

  it("keeps there what a change that the end completes leaves of it", async () => {
    const wide = [{ target: "uploads", access: ["read", "write"] }, ...(request.targets ?? []).slice(1)];
    await onboardUntil(OnboardingRequest.parse({ ...request, targets: wide }), "jobs");
    cloud.onWrite = ({ what, when }) => {
      if (when === "before" && what.startsWith("remove role")) throw new PermanentError("ARM_FORBIDDEN", "refused");
    };
    const left = OnboardingRequest.parse({ ...request, targets: request.targets?.slice(0, 1) });
    expect(await send(cloud.ports, left)).toMatchObject({ error: { code: "CHANGE_INCOMPLETE" } });
    expect(scopes()).toEqual(["jobs", "uploads", "uploads"]);
    cloud.onWrite = () => undefined;
    use({ ...cloud.ports, catalog: moved });

    expect((await takeAway(muchLaterMs)).record).toMatchObject({ status: "Succeeded" });
    expect(scopes()).toEqual(["uploads"]);
  });
});

it("closes the network policy to what has ended", async () => {
  const at = (block: string) => ({ network: { addresses: [block] } });
  const network = { login: { addresses: ["20.190.128.0/18"] } };
  const { clusters, sqlServers, targets } = catalog;
  const located = Catalog.parse({
    ...catalog,
    clusters: { "aks-dev": { ...clusters["aks-dev"], network } },
    sqlServers: { "sql-dev": { ...sqlServers["sql-dev"], ...at("10.0.0.0/24") } },
    targets: {
      uploads: { ...targets["uploads"], ...at("10.0.1.0/24") },
      jobs: { ...targets["jobs"], ...at("10.0.2.0/24") },
    },
    profiles: { closed: { network: {} } },
  });
  Object.assign(cloud.ports, { catalog: located });
  use(cloud.ports);
  await onboardUntil({ ...request, namespaceProfile: "closed" }, "jobs");
  const opened = () =>
    JSON.stringify(cloud.objects.get("networking.k8s.io/v1 NetworkPolicy team-a/mooring-network"))
      .match(/10\.0\.\d/g)
      ?.toSorted();
  expect(opened()).toEqual(["10.0.0", "10.0.1", "10.0.2"]);

  const { run, record, steps } = await takeAway();

  expect(record).toMatchObject({ status: "Succeeded" });
  expect(run.calls).toEqual(["preflight", "retireTarget", "prepareNamespace", "applyProfile", "verifyAndConclude"]);
  expect(listSteps(record, steps).map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => "Succeeded"));
  expect(opened()).toEqual(["10.0.0", "10.0.1"]);
});

it("goes where it can when several have ended, and the next attempt takes the rest", async () => {
  await onboardUntil(request, "sql-dev/orders", "uploads");
  cloud.onWrite = ({ what, when }) => {
    if (what === "change sql-dev/orders" && when === "before") throw new PermanentError("SQL_FORBIDDEN", "refused");
  };

  const { record } = await takeAway();

  expect(record.error?.message).toMatch(/^Access that has ended could not all be taken away: refused/);
  expect(roles()).toEqual(["jobs"]);
  expect(namespace()).toMatchObject({ state: "Incomplete" });
  cloud.onWrite = () => undefined;
  expect((await takeAway(muchLaterMs)).record).toMatchObject({ status: "Succeeded" });
  expect(hasUser("orders")).toBe(false);
});

it("leaves the namespace as it was while nothing of it can be taken away", async () => {
  await onboardUntil(request, "jobs");
  const before = namespace();
  use({ ...cloud.ports, roleAssignments: { ...cloud.ports.roleAssignments, madeAt: down } });

  for (let attempt = 1; attempt <= 8; attempt += 1) {
    const { record } = await takeAway(attempt * muchLaterMs);
    expect(record).toMatchObject({ status: "Failed", error: { code: "ARM_UNAVAILABLE" } });
  }

  expect(namespace()).toMatchObject({ state: "Onboarded", request: before?.request, expiry: { tried: { times: 8 } } });
  use(cloud.ports);
  expect((await takeAway(9 * muchLaterMs)).record).toMatchObject({ status: "Succeeded" });
  expect(roles()).toEqual(["uploads"]);
});

it("goes although somebody else gave the same identity a role there, which is told", async () => {
  await onboardUntil(request, "jobs");
  const [given] = [...cloud.roleAssignments.values()].filter(({ scope }) => scope.endsWith("/jobs"));
  if (!given) throw new Error("nothing was given");
  const { description: _mark, ...other } = given;
  const roleDefinitionId = "/providers/Microsoft.Authorization/roleDefinitions/of-others";
  assign(cloud, { ...other, id: `${given.scope}/of-others`, roleDefinitionId });

  const { record, notices } = await takeAway();

  expect(record).toMatchObject({ status: "Succeeded" });
  expect(notices).toContain("TARGET_ACCESS_OF_OTHERS");
  expect(roles()).toEqual(["uploads", "jobs"]);
});

it("cannot be kept by a cancel once the preflight is over", async () => {
  await onboardUntil(request, "sql-dev/orders");
  let refused: Promise<string> | undefined;
  cloud.onWrite = ({ what, when }) => {
    if (what !== "change sql-dev/orders" || when !== "before") return;
    const running = [...cloud.operations.values()].find(({ status }) => status === "Running");
    refused = cancelOperation(cloud.ports.registry, running?.id ?? "", { by: requester }).then(
      () => "canceled",
      (error: unknown) => String(error),
    );
  };

  const { record } = await takeAway();

  expect(await refused).toMatch(/passed its point of no return/);
  expect(record).toMatchObject({ status: "Succeeded" });
});

it("is completed by a further run when its orchestration breaks off", async () => {
  await onboardUntil(request, "sql-dev/orders");
  await acceptExpired(ending.mooring, request, Date.now());
  const { name: orchestration, input } = ending.mooring.take();
  const resumed = { undos: [], isCommitted: true, hasChanged: true };

  const run = await runOrchestration(orchestration, { ...(input as object), resumed, restarts: 1 });

  expect(run.calls).toEqual(["retireDatabase", "prepareNamespace", "verifyAndConclude"]);
  expect(run.output).toMatchObject({ status: "Succeeded" });
  expect(hasUser("orders")).toBe(false);
});
