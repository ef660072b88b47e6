/** All access of a namespace has ended: what can be taken away goes, whatever is in the way of the rest. */
import { beforeEach, expect, it } from "vitest";
import { listSteps } from "../../src/application/documents/operationDocument.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import type { Ports } from "../../src/ports/index.ts";
import { type FakeCloud, issuer } from "../support/fakeCloud.ts";
import { down, Ending, everyTarget, muchLaterMs, request } from "./ending.ts";

let ending: Ending;
let cloud: FakeCloud;

beforeEach(async () => {
  ending = new Ending();
  cloud = ending.cloud;
  await ending.onboardUntil(request, ...everyTarget);
});

const name = identityName(request);
const namespace = () => cloud.namespaces.get("aks-dev/team-a");
const users = () => ["messages", "orders"].filter((database) => cloud.users.get(`sql-dev/${database}`)?.has(name));
const hasCredential = () => cloud.credentials.get(name)?.some(({ subject }) => subject.startsWith("system:"));
const hasAccount = () => cloud.objects.has("v1 ServiceAccount team-a/app");
const change = (ports: (ports: Ports) => Partial<Ports>) => void ending.use({ ...cloud.ports, ...ports(cloud.ports) });

function ownSchema(ownedSchemas: readonly string[]): void {
  const known = cloud.users.get("sql-dev/messages");
  const user = known?.get(name);
  if (user) known?.set(name, { ...user, ownedSchemas });
}

const others = { name: "of-others", issuer, subject: "system:serviceaccount:elsewhere:app", audiences: [] };

function federateOthers(isThere: boolean): void {
  const own = (cloud.credentials.get(name) ?? []).filter((each) => each.name !== others.name);
  cloud.credentials.set(name, isThere ? [...own, others] : own);
}

/** What is in the way, and what it stops; `told` before anything goes. */
const obstacles: readonly {
  readonly what: string;
  readonly place: () => void;
  readonly left: { readonly users?: readonly string[]; readonly roles?: readonly string[] };
  readonly code: string;
  readonly told?: string;
}[] = [
  {
    what: "a database's user owns a schema, and Mooring may not revoke its CONNECT",
    place: () => {
      ownSchema(["app"]);
      change(({ databases }) => ({
        databases: {
          ...databases,
          inspect: async (...asked) => ({ ...(await databases.inspect(...asked)), mayGrant: false }),
        },
      }));
    },
    left: { users: ["messages"] },
    code: "SQL_USER_OWNS_SCHEMA",
    told: "SQL_USER_OWNS_SCHEMA",
  },
  {
    what: "a target does not answer",
    place: () =>
      change(({ roleAssignments }) => ({
        roleAssignments: {
          ...roleAssignments,
          madeAt: (scope) => (scope.endsWith("/uploads") ? down() : roleAssignments.madeAt(scope)),
        },
      })),
    left: { roles: ["uploads"] },
    code: "ARM_UNAVAILABLE",
    told: "ARM_UNAVAILABLE",
  },
  {
    what: "a target is locked",
    place: () =>
      change(({ roleAssignments }) => ({
        roleAssignments: {
          ...roleAssignments,
          async remove(ref) {
            if (ref.scope.endsWith("/uploads")) throw new PermanentError("ARM_LOCKED", "it is locked");
            await roleAssignments.remove(ref);
          },
        },
      })),
    left: { roles: ["uploads"] },
    code: "ARM_LOCKED",
  },
  {
    what: "others log in as the identity",
    place: () => federateOthers(true),
    left: {},
    code: "IDENTITY_FEDERATED_BY_OTHERS",
    told: "IDENTITY_FEDERATED_BY_OTHERS",
  },
];

it.each(obstacles)("goes where it can while $what, and the next attempt takes the rest", async (obstacle) => {
  obstacle.place();

  const { record, steps, notices } = await ending.takeAway();

  expect(record).toMatchObject({ kind: "offboard", requestedBy: "mooring-expiry", status: "Failed" });
  expect(record.error?.code).toBe(obstacle.code);
  if (obstacle.told) expect(notices).toContain(obstacle.told);
  expect({ users: users(), roles: ending.roles() }).toEqual({ users: [], roles: [], ...obstacle.left });
  // Nobody becomes the identity any more, which is there until all that it could do is gone.
  expect([hasAccount(), hasCredential(), cloud.identities.has(name)]).toEqual([
    false,
    obstacle.code === "IDENTITY_FEDERATED_BY_OTHERS",
    true,
  ]);
  expect(namespace()).toMatchObject({ state: "Incomplete" });
  expect(listSteps(record, steps).map((step) => step.name)).toContain("removeNamespace");

  ownSchema([]);
  federateOthers(false);
  ending.use(cloud.ports);
  expect((await ending.takeAway(muchLaterMs)).record).toMatchObject({ status: "Succeeded" });
  expect([namespace(), users(), ending.roles(), cloud.identities.size]).toEqual([undefined, [], [], 0]);
});

it("looks again before the identity goes, where something was in the way of that", async () => {
  federateOthers(true);
  cloud.onWrite = ({ what, when }) => {
    if (what === "remove role assignment" && when === "before") federateOthers(false);
  };

  const { run, record } = await ending.takeAway();

  expect(record).toMatchObject({ status: "Succeeded" });
  expect(run.calls.filter((call) => call === "checkDependants")).toHaveLength(2);
  expect(run.calls.lastIndexOf("checkDependants")).toBe(run.calls.indexOf("removeIdentity") - 1);
  expect(cloud.identities.size).toBe(0);
});

it("waits, with everything as it was, while nothing can be taken away", async () => {
  const before = namespace();
  change((ports) => ({
    databases: { ...ports.databases, inspect: down },
    roleAssignments: { ...ports.roleAssignments, madeAt: down },
    kubernetes: { ...ports.kubernetes, get: down, list: down },
    identities: { ...ports.identities, get: down, federatedCredentials: down },
  }));
  const writes: string[] = [];
  cloud.onWrite = ({ what }) => void writes.push(what);

  const { record } = await ending.takeAway();

  expect(record).toMatchObject({ status: "Failed", error: { retryable: true } });
  expect(writes).toEqual([]);
  expect(namespace()).toMatchObject({ state: "Onboarded", request: before?.request });
});
