/** A request repeated with its Idempotency-Key begins nothing a second time, even when the first answer was lost. */
import { HttpRequest } from "@azure/functions";
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import {
  type AcceptanceContext,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../src/application/acceptance/acceptance.ts";
import { TransientError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { answerOnce } from "../../src/http/idempotency.ts";
import { accepted } from "../../src/http/respond.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

beforeEach(async () => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
});

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const lost = () => Promise.reject(new TransientError("REGISTRY_UNAVAILABLE", "no answer"));

const accepts = {
  onboard: (at: AcceptanceContext) => acceptOnboarding(at, request),
  offboard: (at: AcceptanceContext) => acceptOffboarding(at, request),
  repair: (at: AcceptanceContext) => acceptUpkeep(at, "Repairing", { namespaceRef: request, prepare: () => ({}) }),
};
type Accept = keyof typeof accepts;

/** As the routes do it; returns the id of the operation in the answer. */
async function send(what: Accept, changes: (ports: Ports) => Partial<Ports> = () => ({})): Promise<string> {
  const ports = { ...cloud.ports, ...changes(cloud.ports) };
  const headers = { "idempotency-key": "key" };
  const httpRequest = new HttpRequest({ url: `http://localhost/api/${what}`, method: "POST", headers });
  const asked = { request: httpRequest, by: requester, body: null, context: { warn: () => undefined } };
  const answer = await answerOnce(ports.idempotencyKeys, asked, async (attempt) => {
    const { operation, kind, isNew } = await accepts[what]({ ...acceptance, ports, ...attempt });
    return accepted({ id: operation, kind, isNew });
  });
  return JSON.parse(String(answer.body)).id;
}

const answerLost = ({ idempotencyKeys }: Ports) => ({ idempotencyKeys: { ...idempotencyKeys, answer: lost } });

async function minutesPass(): Promise<void> {
  const before = new Date(Date.now() - 120_000).toISOString();
  const claimed = await cloud.ports.idempotencyKeys.find({ caller: requester.id, key: "key" });
  if (!claimed) throw new Error("nobody has claimed the key");
  await cloud.ports.idempotencyKeys.expire(claimed, before);
}

async function onboard(): Promise<void> {
  await acceptOnboarding(acceptance, request);
  await acceptance.run();
}

it("repairs once, even if the first repair has ended by then", async () => {
  await onboard();
  const first = await send("repair", answerLost);
  await acceptance.run();
  await minutesPass();

  expect(await send("repair")).toBe(first);
  expect([...cloud.operations.values()].filter(({ kind }) => kind === "repair")).toHaveLength(1);
});

it("does not offboard a namespace that was onboarded again in between", async () => {
  await onboard();
  const first = await send("offboard", answerLost);
  await acceptance.run();
  await onboard();
  await minutesPass();

  expect(await send("offboard")).toBe(first);
  expect(cloud.namespaces.get("aks-dev/team-a")).toMatchObject({ state: "Onboarded" });
});

it("does not onboard a namespace that was offboarded in between", async () => {
  const first = await send("onboard", answerLost);
  await acceptance.run();
  await acceptOffboarding(acceptance, request);
  await acceptance.run();
  await minutesPass();

  expect(await send("onboard")).toBe(first);
  expect(cloud.namespaces.size).toBe(0);
});

it.each(["onboard", "offboard", "repair"] as const)("resumes what a crashed process began: %s", async (what) => {
  if (what !== "onboard") await onboard();
  const dies = ({ registry }: Ports) => ({ registry: { ...registry, insertOperation: lost } });
  await expect(send(what, dies)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  const begun = cloud.namespaces.get("aks-dev/team-a")?.operation;

  expect(await send(what)).toBe(begun);
  await acceptance.run();
  expect(cloud.operations.get(begun ?? "")).toMatchObject({ status: "Succeeded" });
});
