/** A batch's plan counts what its earlier requests will add where Azure limits how many there may be. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { planBatch } from "../../../src/application/dryRun/planBatch.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { requester } from "../../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { operate } from "../../support/operations.ts";

let cloud: FakeCloud;

beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

const uploads = { target: "uploads", access: ["read"] };
const jobs = { target: "jobs", access: ["send", "receive"] };
const ask = (namespace: string, ...targets: readonly object[]) =>
  OnboardingRequest.parse({ cluster: "aks-dev", namespace, targets });

async function plan(ports: Ports, ...requests: readonly OnboardingRequest[]) {
  const { totals, items, estimate } = await planBatch({ ports, by: requester }, requests);
  const told = items.map(({ status, plan: { blocked, steps = [] } = {} }) => ({
    status,
    blocked,
    blockers: steps.flatMap(({ name, blockers }) =>
      blockers.map(({ code, message }) => ({ step: name, code, message })),
    ),
  }));
  return { totals, estimate, told, statuses: told.map(({ status }) => status) };
}

function withRoomFor(free: number): Ports {
  const { roleAssignments } = cloud.ports;
  const made = cloud.roleAssignments.size;
  return { ...cloud.ports, roleAssignments: { ...roleAssignments, usage: async () => ({ made, limit: made + free }) } };
}

it("gives earlier requests of the batch their role assignments first", async () => {
  const { totals, told, estimate } = await plan(
    withRoomFor(4),
    ...[ask("team-a", uploads, jobs), ask("team-b", jobs), ask("team-c", uploads), ask("team-d", uploads)],
  );

  expect(told.map(({ status, blocked }) => [status, blocked])).toEqual([
    ["ready", false],
    ["blocked", true],
    ["ready", false],
    ["blocked", true],
  ]);
  const blocker = { step: "preflight", code: "ROLE_ASSIGNMENT_LIMIT" };
  expect(told[1]?.blockers).toEqual([
    {
      ...blocker,
      message:
        "Subscription s has 0 role assignments, requests before this one in the batch add 3, and Azure allows 4; this needs 2 more.",
    },
  ]);
  expect(told[3]?.blockers).toMatchObject([{ ...blocker, message: expect.stringContaining("add 4") }]);
  expect(totals).toMatchObject({ ready: 2, blocked: 2 });
  expect(estimate).toMatchObject({ namespaces: 2, leftOut: { blocked: 2 } });
});

it("counts only what is not there yet", async () => {
  await operate(cloud, "onboard", ask("team-a", uploads));

  const { statuses } = await plan(withRoomFor(2), ask("team-a", uploads, jobs), ask("team-b", uploads));

  expect(statuses).toEqual(["ready", "blocked"]);
});

it("lets through what fits exactly", async () => {
  expect((await plan(withRoomFor(4), ask("team-a", uploads, jobs), ask("team-b", uploads))).statuses).toEqual([
    "ready",
    "ready",
  ]);
});

it("gives a request that is blocked anyway nothing", async () => {
  const wrong = { ...ask("team-a", uploads, jobs), cluster: "aks-new", identityMode: "podIdentity" as const };

  const { statuses } = await plan(withRoomFor(1), wrong, ask("team-b", uploads));

  expect(statuses).toEqual(["blocked", "ready"]);
});

it("gives guests of one identity its federated credentials in the same way", async () => {
  const home = "aks-dev/team-home";
  const shared = Catalog.parse({ ...catalog, sharedIdentities: { [home]: { clusters: ["aks-dev"] } } });
  const ports = { ...cloud.ports, catalog: shared };
  providePorts(ports);
  Object.assign(cloud.ports, { catalog: shared });
  const own = ask("team-home", uploads);
  await operate(cloud, "onboard", own);
  const [credential] = cloud.credentials.get(identityName(own)) ?? [];
  if (!credential) throw new Error("the home has no credential");
  const others = Array.from({ length: 17 }, (_, index) => ({
    ...credential,
    name: `other-${index}`,
    subject: `${index}`,
  }));
  cloud.credentials.set(identityName(own), [credential, ...others]);
  const guest = (namespace: string) => OnboardingRequest.parse({ ...ask(namespace, uploads), sharedIdentity: home });

  const { statuses, told } = await plan(ports, guest("guest-a"), guest("guest-b"), guest("guest-c"));

  expect(statuses).toEqual(["ready", "ready", "blocked"]);
  expect(told[2]?.blockers).toMatchObject([
    { step: "federateIdentity", code: "FEDERATED_CREDENTIAL_LIMIT", message: expect.stringContaining("add 2") },
  ]);
});
