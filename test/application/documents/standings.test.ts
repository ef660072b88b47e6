/** What documents say while an operation waits, runs or has stopped partway: what is in force, and apart from it everything else. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { acceptOnboarding } from "../../../src/application/acceptance/acceptance.ts";
import { decideApproval } from "../../../src/application/decisions/decide.ts";
import { accessOf } from "../../../src/application/documents/accessDocument.ts";
import { publicNamespace } from "../../../src/application/documents/namespaceDocument.ts";
import { readStanding } from "../../../src/application/documents/standings.ts";
import { ApprovalPolicy } from "../../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import { requestInForce } from "../../../src/domain/operation/standing.ts";
import { decisionEvent } from "../../../src/domain/operation/wakingEvents.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { approver, confirmed, createAcceptanceContext } from "../../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { offboard, repair, send } from "../../support/operations.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const first = "2099-03-01T00:00:00.000Z";
const later = "2099-06-01T00:00:00.000Z";
const ask = (parts: object) => OnboardingRequest.parse({ ...namespaceRef, ...parts });
const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
const orders = { server: "sql-dev", database: "orders", roles: ["reader"] };
const uploads = { target: "uploads", access: ["read"] };

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

/** From now on, a request that names one of these waits. */
function rule(policy: object): void {
  const approval = ApprovalPolicy.parse({ timeoutMinutes: 60, reminderMinutes: 20, ...policy });
  Object.assign(cloud.ports, { catalog: { ...cloud.ports.catalog, approval } });
  providePorts(cloud.ports);
}

async function record() {
  const found = await cloud.ports.registry.getNamespace(namespaceRef);
  if (!found) throw new Error("it is not onboarded");
  return found;
}

async function access() {
  return await accessOf(cloud.ports, [await record()]);
}

async function document() {
  const found = await record();
  return publicNamespace(found, { standing: await readStanding(cloud.ports.registry, found) });
}

/** `sql-dev/messages reader inForce 2099-03-01`, and what is to become of it. */
async function rows() {
  return (await access()).map(({ target, access: words, state, until, removal }) =>
    [target, words.join("+"), state, until?.slice(0, 10), removal && (removal.awaitsApproval ? "may go" : "goes")]
      .filter(Boolean)
      .join(" "),
  );
}

/** Sends it, and looks while it waits for approval, and then again when it has been decided. */
async function whileWaiting<T>(
  parts: object,
  look: () => Promise<T>,
  kind: "approved" | "rejected" = "approved",
): Promise<T> {
  const acceptance = createAcceptanceContext(cloud);
  const { operation } = await acceptOnboarding(acceptance, ask(parts), confirmed);
  let seen: { readonly now: T } | undefined;
  await acceptance.run({
    async atRest() {
      seen = { now: await look() };
      const requestHash = (await cloud.ports.registry.getOperation(operation))?.approval?.requestHash;
      await decideApproval(cloud.ports.registry, operation, { kind, by: approver, requestHash });
      acceptance.raise(decisionEvent);
    },
  });
  if (!seen) throw new Error("it did not wait");
  return seen.now;
}

describe("while a change waits for approval", () => {
  it("lists what it adds apart, by its own operation and with nobody who approved another", async () => {
    rule({ databases: ["sql-dev/messages"], targets: ["uploads"] });
    await whileWaiting({ databases: [messages] }, rows);
    const { onboardedBy } = await record();

    const [was, asked] = await whileWaiting({ databases: [messages], targets: [uploads] }, access);

    expect(was).toMatchObject({ state: "inForce", operation: onboardedBy, approvedBy: ["approver"] });
    const { operation } = await record();
    expect(operation).not.toBe(onboardedBy);
    expect(asked).toMatchObject({ target: "uploads", state: "awaitingApproval", operation, approvedBy: [] });
    expect(asked).not.toHaveProperty("since");
    expect((await access())[1]).toMatchObject({ state: "inForce", operation, approvedBy: ["approver"] });
  });

  it("leaves the end as it is until the renewal is approved, and then names who approved that", async () => {
    await send(cloud.ports, ask({ databases: [messages], expiresAt: first }));
    rule({ databases: ["sql-dev/messages"] });
    const renewal = { databases: [messages], expiresAt: later };

    expect(await whileWaiting(renewal, document, "rejected")).toMatchObject({ expiry: { time: first } });
    expect(await rows()).toEqual(["sql-dev/messages reader inForce 2099-03-01"]);
    expect(await whileWaiting(renewal, rows)).toEqual([
      "sql-dev/messages reader inForce 2099-03-01",
      "sql-dev/messages reader awaitingApproval 2099-06-01",
    ]);

    const { operation, acceptedTime } = await record();
    const [renewed] = await access();
    expect(renewed).toMatchObject({ until: later, operation, approvedBy: ["approver"] });
    expect((renewed?.since ?? "") < acceptedTime).toBe(true);
  });

  it("says of what it leaves out that it is there until its end, and may go", async () => {
    await send(cloud.ports, ask({ databases: [messages, orders], targets: [uploads], expiresAt: first }));
    rule({ databases: ["sql-dev/messages"] });

    const seen = await whileWaiting({ databases: [messages], expiresAt: first }, async () => ({
      rows: await rows(),
      document: await document(),
      exported: requestInForce(await record(), await readStanding(cloud.ports.registry, await record())),
    }));

    expect(seen.rows).toEqual([
      "sql-dev/messages reader inForce 2099-03-01",
      "sql-dev/orders reader inForce 2099-03-01 may go",
      "uploads read inForce 2099-03-01 may go",
    ]);
    expect(seen.document).toMatchObject({ databases: [messages, orders], targets: [uploads] });
    expect(seen.document.expiry).toEqual({ time: first });
    expect(seen.exported).toMatchObject({ databases: [messages, orders], targets: [uploads], expiresAt: first });
    expect(await rows()).toEqual(["sql-dev/messages reader inForce 2099-03-01"]);
  });

  it("says so role by role", async () => {
    await send(cloud.ports, ask({ databases: [{ ...messages, roles: ["reader", "executor"] }] }));
    rule({ databases: ["sql-dev/messages"] });

    expect(await whileWaiting({ databases: [{ ...messages, roles: ["writer"] }] }, rows)).toEqual([
      "sql-dev/messages reader inForce",
      "sql-dev/messages executor inForce may go",
      "sql-dev/messages writer awaitingApproval",
    ]);
  });
});

it("says of a first request that waits that it has nothing", async () => {
  rule({ databases: ["sql-dev/messages"] });

  const seen = await whileWaiting({ databases: [messages], expiresAt: first }, async () => ({
    rows: await rows(),
    document: await document(),
  }));

  expect(seen.rows).toEqual(["sql-dev/messages reader awaitingApproval 2099-03-01"]);
  expect(seen.document).toMatchObject({ databases: [] });
  expect(seen.document).not.toHaveProperty("expiry");
});

it("shows each target as soon as its step has ended, and from when its revocation begins", async () => {
  await send(cloud.ports, ask({ databases: [messages] }));
  const acceptance = createAcceptanceContext(cloud);
  await acceptOnboarding(acceptance, ask({ databases: [orders], targets: [uploads] }), confirmed);
  let tries = 0;
  cloud.onWrite = ({ what, when }) => {
    if (what !== "change sql-dev/messages" || when !== "before") return;
    tries += 1;
    if (tries === 1) throw new TransientError("SQL_UNAVAILABLE", "away");
  };
  const seen = new Map<string, readonly string[]>();

  await acceptance.run({
    async execute(activity, work) {
      try {
        return await work();
      } finally {
        seen.set(`${activity} ${tries}`, await rows());
      }
    },
  });

  expect(seen.get("prepareNamespace 0")).toEqual([
    "sql-dev/orders reader requested",
    "sql-dev/messages reader inForce goes",
    "uploads read requested",
  ]);
  const given = ["sql-dev/orders reader inForce", "uploads read inForce"];
  expect(seen.get("verifyAndConclude 0") ?? seen.get("verify 0")).toEqual([
    given[0],
    "sql-dev/messages reader inForce goes",
    given[1],
  ]);
  expect(seen.get("retireDatabase 1")).toEqual([given[0], "sql-dev/messages reader beingRemoved goes", given[1]]);
  expect(seen.get("retireDatabase 2")).toEqual(given);
});

it("knows nothing for certain of what an offboarding could not revoke", async () => {
  await send(cloud.ports, ask({ databases: [messages], targets: [uploads] }));
  cloud.onWrite = ({ what, when }) => {
    if (what.startsWith("change sql-dev/messages") && when === "before")
      throw new PermanentError("SQL_FORBIDDEN", "no");
  };

  expect(await offboard(cloud.ports, namespaceRef)).toMatchObject({ status: "Failed" });

  expect(await rows()).toEqual(["sql-dev/messages reader unknown"]);
});

it("says of nothing that it is in force once an undo has begun to remove the identity", async () => {
  const acceptance = createAcceptanceContext(cloud);
  await acceptOnboarding(acceptance, ask({ databases: [messages] }), confirmed);
  const seen = new Map<string, readonly string[]>();
  cloud.onWrite = ({ what, when }) => {
    if (what === "put credential" && when === "before") throw new PermanentError("ARM_FORBIDDEN", "no");
    if (what === "remove identity" && when === "after") throw new TransientError("ARM_UNAVAILABLE", "no answer");
  };

  await acceptance.run({
    async execute(activity, work) {
      if (activity === "revokeDatabase" && !seen.has("removeIdentity"))
        throw new TransientError("SQL_UNAVAILABLE", "away");
      try {
        return await work();
      } finally {
        if (!seen.has(activity)) seen.set(activity, await rows());
      }
    },
  });

  expect(seen.get("removeIdentity")).toEqual(["sql-dev/messages reader beingRemoved goes"]);
});

it("names who asked for the namespace after somebody else has repaired it", async () => {
  const asked = await send(cloud.ports, ask({ databases: [messages] }));
  const operator = { id: "operator", roles: ["Onboarding.Operate" as const], teams: [] };

  const repaired = await repair(cloud.ports, namespaceRef, { by: { ...approver, ...operator } });

  expect(repaired).toMatchObject({ status: "Succeeded", requestedBy: "operator" });
  expect(await document()).toMatchObject({ requestedBy: asked.requestedBy });
});
