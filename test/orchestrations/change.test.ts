/** A second request for an onboarded namespace: what is new is created first, what is replaced goes last, or nothing changes. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { tidyLeftovers } from "../../src/application/recovery/watchLeftovers.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { findEarlier } from "../../src/domain/request/change.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import {
  confirmed,
  createAcceptanceContext,
  requester,
  type TestAcceptanceContext,
} from "../support/acceptanceContext.ts";
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

const messages = (...roles: string[]) => ({ server: "sql-dev", database: "messages", roles });
const orders = (...roles: string[]) => ({ server: "sql-dev", database: "orders", roles });
const parse = (changes: object) =>
  OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases: [messages("reader")], ...changes });
const name = identityName({ cluster: "aks-dev", namespace: "team-a" });
const userIn = (database: string) => cloud.users.get(`sql-dev/${database}`)?.get(name);
const configMap = () => cloud.objects.get("v1 ConfigMap team-a/mooring-databases")?.["data"];
const selector = () =>
  cloud.objects.get(`aadpodidentity.k8s.io/v1 AzureIdentityBinding team-a/${name}-binding`)?.["spec"];
const namespace = () => cloud.namespaces.get("aks-dev/team-a");

/** Accepts and runs it. */
async function send(request: OnboardingRequest) {
  const accepted = await acceptOnboarding(acceptance, request, confirmed);
  const { calls } = await acceptance.run();
  return { ...accepted, calls, record: cloud.operations.get(accepted.operation) };
}

/** Everything in the cloud, for comparison. */
function snapshot() {
  return structuredClone({
    identities: [...cloud.identities],
    credentials: [...cloud.credentials],
    users: [...cloud.users].map(([database, users]) => [database, [...users]]),
    objects: [...cloud.objects],
  });
}

const before = parse({ databases: [messages("reader", "executor")] });

const changes: [what: string, from: OnboardingRequest, to: OnboardingRequest, check: () => void][] = [
  [
    "an additional database",
    before,
    parse({ databases: [messages("reader", "executor"), orders("writer")] }),
    () => {
      expect(userIn("orders")?.roles).toEqual(["db_datareader", "db_datawriter"]);
      expect(JSON.stringify(configMap())).toContain("orders");
    },
  ],
  [
    "another database instead",
    before,
    parse({ databases: [orders("reader")] }),
    () => {
      expect(userIn("messages")).toBeUndefined();
      expect(userIn("orders")?.roles).toEqual(["db_datareader"]);
    },
  ],
  [
    "one role more and one role less",
    before,
    parse({ databases: [messages("writer")] }),
    () => expect(userIn("messages")).toMatchObject({ roles: ["db_datareader", "db_datawriter"], permissions: [] }),
  ],
  [
    "another service account",
    before,
    parse({ databases: [messages("reader", "executor")], serviceAccount: "web" }),
    () => {
      expect([...cloud.objects.keys()].filter((key) => key.includes("ServiceAccount"))).toEqual([
        "v1 ServiceAccount team-a/web",
      ]);
      expect(cloud.credentials.get(name)?.map(({ subject }) => subject)).toEqual(["system:serviceaccount:team-a:web"]);
    },
  ],
  [
    "a target besides",
    before,
    parse({ databases: [messages("reader", "executor")], targets: [{ target: "uploads", access: ["read"] }] }),
    () => expect(configMap()).toMatchObject({ STORAGE_BLOB_CONTAINER: "uploads", TARGETS: expect.any(String) }),
  ],
  [
    "one target instead of another",
    parse({ targets: [{ target: "uploads", access: ["read"] }] }),
    parse({ targets: [{ target: "jobs", access: ["send"] }] }),
    () => expect(Object.keys(configMap() ?? {}).join()).toMatch(/TARGETS,STORAGE_QUEUE_ENDPOINT,STORAGE_QUEUE_NAME$/),
  ],
  [
    "no target any more",
    parse({ targets: [{ target: "uploads", access: ["read"] }] }),
    parse({}),
    () => expect(Object.keys(configMap() ?? {})).toEqual(["SERVER_NAME", "DATABASE_NAME", "DATABASES"]),
  ],
  [
    "another selector",
    parse({ identityMode: "podIdentity" }),
    parse({ identityMode: "podIdentity", selector: "other" }),
    () => expect(selector()).toMatchObject({ selector: "other" }),
  ],
  [
    "everything together",
    parse({ databases: [messages("reader", "writer", "executor")] }),
    parse({ databases: [messages("reader"), orders("executor")], serviceAccount: "web", deletePolicy: "Keep" }),
    () => {
      expect(userIn("messages")).toMatchObject({ roles: ["db_datareader"], permissions: [] });
      expect(userIn("orders")).toMatchObject({ roles: [], permissions: ["EXECUTE"] });
    },
  ],
];

describe.each(changes)("a change to %s", (_what, from, to, check) => {
  it("leads to the requested state, and offboarding removes all of it", async () => {
    const { operation: first } = await send(from);

    const { operation, kind, isNew, record } = await send(to);

    expect({ kind, isNew }).toEqual({ kind: "change", isNew: true });
    expect(record).toMatchObject({ status: "Succeeded", kind: "change", result: { clientId: expect.any(String) } });
    check();
    expect(namespace()).toMatchObject({ state: "Onboarded", operation, request: to });
    expect(namespace()).not.toHaveProperty("earlier");
    expect(namespace()).not.toHaveProperty("previous");
    expect(operation).not.toBe(first);

    await acceptOffboarding(acceptance, to);
    await acceptance.run();
    if (to.deletePolicy === "Delete") expectNothingLeft(cloud);
    expect(cloud.namespaces.size).toBe(0);
  });

  it("results in the same cloud as an onboarding with the new request", async () => {
    const shape = () => ({
      users: [...cloud.users.values()].flatMap((users) =>
        [...users.values()].map(({ roles, permissions }) => ({ roles: roles.toSorted(), permissions })),
      ),
      objects: [...cloud.objects.keys()].toSorted(),
      configMap: configMap(),
      credentials: [...cloud.credentials.values()].flat().map(({ subject }) => subject),
    });
    await send(to);
    const expected = shape();
    begin();

    await send(from);
    await send(to);

    expect(shape()).toEqual(expected);
  });

  it("leaves everything as it was, whichever write before the end of verification fails", async () => {
    await send(from);
    const was = snapshot();
    // Where the change may have given something stays known.
    const known = () => ({ ...namespace(), etag: "", places: undefined });
    const record = known();
    const failing: string[] = [];
    for (let n = 1; n < 20; n += 1) {
      let count = 0;
      let isVerified = false;
      cloud.onWrite = ({ what, when }) => {
        if (when === "before") count += 1;
        if (count !== n || when !== "before" || isVerified) return;
        failing.push(what);
        throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
      };
      const { operation } = await acceptOnboarding(acceptance, to, confirmed);
      await acceptance.run({
        async execute(activity, run) {
          if (activity === "verify") isVerified = true;
          return await run();
        },
      });
      if (cloud.operations.get(operation)?.status === "Succeeded") break;

      expect(snapshot(), `after ${failing.at(-1)}`).toEqual(was);
      expect(known()).toEqual(record);
    }
    expect(failing.length).toBeGreaterThan(to.databases.length === 1 && to.serviceAccount === "app" ? 0 : 1);
  });

  it("leaves everything as it was when it is canceled before verification ends; after that a cancel is too late", async () => {
    let accepted = 0;
    let calls = 1;
    for (let n = 1; n <= calls; n += 1) {
      begin();
      await send(from);
      const was = snapshot();
      const { operation } = await acceptOnboarding(acceptance, to, confirmed);
      let call = 0;
      let isAccepted = false;
      const run = await acceptance.run({
        async execute(_name, work) {
          call += 1;
          if (call === n) {
            const asked = cancelOperation(cloud.ports.registry, operation, { by: requester });
            isAccepted = await asked.then(
              () => true,
              () => false,
            );
          }
          return await work();
        },
      });
      calls = run.calls.length;
      const { status } = cloud.operations.get(operation) ?? {};
      if (isAccepted) {
        accepted += 1;
        expect(status).toBe("Canceled");
        expect(snapshot(), `canceled before call ${n}`).toEqual(was);
        expect(namespace()).toMatchObject({ state: "Onboarded", request: from });
      } else {
        expect(status).toBe("Succeeded");
        check();
      }
    }
    expect(accepted).toBeGreaterThan(3);
  });

  it("does exactly what was planned", async () => {
    await send(from);
    const record = namespace();
    if (!record) throw new Error("it is not onboarded");

    const plan = await planOnboarding(cloud.ports, {
      operation: "dry-run",
      request: to,
      earlier: findEarlier(to, record),
    });
    const { operation } = await send(to);

    const steps = await cloud.ports.registry.listSteps(operation);
    const done = steps.map(({ name: step, target, action }) => `${step} ${target} ${action}`);
    expect(plan.steps.map((step) => `${step.name} ${step.target} ${step.action}`).toSorted()).toEqual(
      done.filter((text) => !text.startsWith("verify ")).toSorted(),
    );
    expect(plan.blocked).toBe(false);
  });
});

it("changes nothing for the same request in another order, and says so", async () => {
  const first = await send(parse({ databases: [messages("reader", "writer"), orders("reader")] }));
  const was = snapshot();

  const again = await acceptOnboarding(
    acceptance,
    parse({ databases: [orders("reader"), messages("writer", "reader")] }),
  );

  expect(again).toEqual({ operation: first.operation, kind: "onboard", isNew: false, isUnchanged: true });
  await expect(acceptance.run()).rejects.toThrow("no accepted orchestration is left");
  expect(snapshot()).toEqual(was);
});

it("writes only what is necessary", async () => {
  await send(before);
  const written: string[] = [];
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") written.push(what);
  };

  await send(parse({ databases: [messages("reader")] }));

  expect(written).toEqual(["change sql-dev/messages"]);
});

it("revokes what Mooring granted, and nothing that others granted", async () => {
  await send(before);
  const user = userIn("messages");
  if (user) cloud.users.get("sql-dev/messages")?.set(name, { ...user, roles: [...user.roles, "app_role"] });

  await send(parse({ databases: [messages("writer")] }));

  expect(userIn("messages")).toMatchObject({
    roles: ["app_role", "db_datareader", "db_datawriter"],
    permissions: [],
  });
});

it("changes an adopted ConfigMap with the request, and restores its original state when it lets go of it", async () => {
  const metadata = { name: "mooring-databases", namespace: "team-a", uid: "theirs" };
  const theirs = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { OTHER: "x" } };
  cloud.objects.set("v1 ConfigMap team-a/mooring-databases", theirs);
  await send(parse({ adoptionPolicy: "Always" }));

  const { record } = await send(parse({ databases: [orders("reader")] }));

  expect(record?.status).toBe("Succeeded");
  expect(JSON.stringify(configMap())).toContain("orders");
});

it.each([
  ["podIdentity", "workloadIdentity"],
  ["workloadIdentity", "podIdentity"],
])("refuses to change from %s to %s, and names the way to do it", async (from, to) => {
  const { operation } = await send(parse({ identityMode: from }));

  const refused = acceptOnboarding(acceptance, parse({ identityMode: to }));

  await expect(refused).rejects.toMatchObject({ code: "MODE_CHANGE_REFUSED", details: { operation } });
  expect(namespace()?.state).toBe("Onboarded");
});

describe("a user that cannot be dropped", () => {
  const log = { log: () => undefined, warn: () => undefined };
  const own = (ownedSchemas: readonly string[]) => {
    const user = userIn("messages");
    if (user) cloud.users.get("sql-dev/messages")?.set(name, { ...user, ownedSchemas });
  };
  const told = expect.stringContaining(`user "${name}" owns schema app and cannot be dropped`);
  beforeEach(async () => {
    await send(before);
    own(["app"]);
    await send(parse({ databases: [orders("reader")] }));
  });

  it("loses its rights and its CONNECT, is named, and is dropped by the watch once that is possible", async () => {
    const ended = [...cloud.operations.values()].at(-1);
    expect(ended).toMatchObject({ status: "Succeeded", leftInPlace: [told] });
    expect(userIn("messages")).toMatchObject({ roles: [], permissions: [], isDisabled: true });
    await tidyLeftovers(cloud.ports, log);
    expect(await cloud.ports.registry.listLeftovers()).toMatchObject([{ target: "sql-dev/messages", what: [told] }]);

    own([]);
    await tidyLeftovers(cloud.ports, log);
    expect(userIn("messages")).toBeUndefined();
    expect(await cloud.ports.registry.listLeftovers()).toEqual([]);
  });

  it("is opened again by a change that asks for the database again, and the watch leaves it", async () => {
    expect((await send(before)).record).toMatchObject({ status: "Succeeded" });
    expect(userIn("messages")).toMatchObject({ isDisabled: false });
    await tidyLeftovers(cloud.ports, log);

    expect(userIn("messages")?.roles).not.toEqual([]);
    expect(await cloud.ports.registry.listLeftovers()).toEqual([]);
  });
});

/** A change to another database whose last step, dropping the old user, is refused. */
async function changeHalfWay(to = parse({ databases: [orders("reader")] })) {
  await send(before);
  cloud.onWrite = ({ what, when }) => {
    if (what === "change sql-dev/messages" && when === "before") throw new PermanentError("SQL_FORBIDDEN", "no right");
  };
  const sent = await send(to);
  cloud.onWrite = () => undefined;
  return sent;
}

it("names what it could not remove, and the same request sent again finishes it", async () => {
  const to = parse({ databases: [orders("reader")] });
  const { record } = await changeHalfWay(to);
  expect(record).toMatchObject({
    status: "Failed",
    error: { code: "CHANGE_INCOMPLETE", message: expect.stringMatching(/new state is in place.*no right/) },
  });
  expect(namespace()).toMatchObject({ state: "Incomplete", request: to, earlier: before });

  const again = await send(to);

  expect(again.record).toMatchObject({ status: "Succeeded", kind: "change" });
  expect(userIn("messages")).toBeUndefined();
  expect(namespace()?.state).toBe("Onboarded");
});

it("returns to the earlier request after a partial change, and refuses a third request", async () => {
  await changeHalfWay();

  const third = acceptOnboarding(acceptance, parse({ databases: [orders("writer")] }));
  await expect(third).rejects.toMatchObject({ code: "NAMESPACE_INCOMPLETE" });
  const back = await send(before);

  expect(back.record).toMatchObject({ status: "Succeeded", kind: "change" });
  expect(userIn("orders")).toBeUndefined();
  expect(userIn("messages")).toMatchObject({ roles: ["db_datareader"], permissions: ["EXECUTE"] });
});

it("offboards both requests of a partial change", async () => {
  await changeHalfWay(parse({ databases: [orders("reader")], serviceAccount: "web" }));

  await acceptOffboarding(acceptance, before);
  await acceptance.run();

  expectNothingLeft(cloud);
  expect(cloud.namespaces.size).toBe(0);
});

it("survives a lost answer to every write of a change", async () => {
  await send(before);
  const met = new Set<string>();
  cloud.onWrite = ({ what, when }) => {
    if (when === "before" || met.has(what)) return;
    met.add(what);
    throw new TransientError("SQL_UNAVAILABLE", "no answer came");
  };

  const { record } = await send(parse({ databases: [orders("writer")], serviceAccount: "web" }));

  expect(record?.status).toBe("Succeeded");
  expect(userIn("messages")).toBeUndefined();
  expect(met.size).toBeGreaterThan(4);
});

it("keeps a record of what a failed onboarding left when the next one fails too", async () => {
  cloud.onWrite = ({ what, when }) => {
    if (when === "before" && (what === "put credential" || what === "remove identity"))
      throw new PermanentError("ARM_FORBIDDEN", "no right");
  };
  await send(before);
  expect(namespace()?.state).toBe("Incomplete");
  await send(before);

  expect(namespace()?.state).toBe("Incomplete");
  expect(cloud.identities.size).toBe(1);
});

it("plans an offboarding with what goes, what stays and why, and writes nothing", async () => {
  const theirs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", uid: "theirs" } };
  cloud.objects.set("v1 Namespace /team-a", theirs);
  await send(parse({ databases: [messages("reader"), orders("reader")] }));
  const was = snapshot();
  const record = namespace();
  if (!record) throw new Error("it is not onboarded");

  const plan = await planOffboarding(cloud.ports, record);

  expect(snapshot()).toEqual(was);
  expect(plan.steps.map(({ name: step, action }) => `${step} ${action}`)).toEqual([
    "removeServiceAccount delete",
    "revokeDatabase delete",
    "revokeDatabase delete",
    "unfederateIdentity delete",
    "removeIdentity delete",
    "removeNamespace keep",
  ]);
  expect(plan.steps.at(-1)?.differences).toEqual([
    { field: "ConfigMap team-a/mooring-databases", current: "created by Mooring", desired: null },
    { field: "Namespace team-a", current: "not created by Mooring", desired: "stays" },
  ]);
  const { operation } = await acceptOffboarding(acceptance, record);
  await acceptance.run();
  const done = (await cloud.ports.registry.listSteps(operation)).map(({ name: step, action }) => `${step} ${action}`);
  expect(done.filter((text) => !/^(verify|check)/.test(text)).toSorted()).toEqual(
    plan.steps.map(({ name: step, action }) => `${step} ${action}`).toSorted(),
  );
});
