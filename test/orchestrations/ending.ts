/** A namespace some or all of whose access has ended, what the timer then begins, and what may be wrong with another target. */
import { providePorts } from "../../src/activities/host.ts";
import { acceptExpired } from "../../src/application/acceptance/acceptance.ts";
import { expiryCaller } from "../../src/domain/access/caller.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import { withRevisedTargets } from "../../src/domain/targets/wanted.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { operate } from "../support/operations.ts";

export const request = OnboardingRequest.parse({
  ...{ cluster: "aks-dev", namespace: "team-a" },
  databases: ["messages", "orders"].map((database) => ({ server: "sql-dev", database, roles: ["reader"] })),
  targets: [
    { target: "uploads", access: ["read"] },
    { target: "jobs", access: ["send"] },
  ],
});
export const everyTarget = ["sql-dev/messages", "sql-dev/orders", "uploads", "jobs"];
const longAgo = new Date(0).toISOString();
export const muchLaterMs = 40 * 24 * 60 * 60_000;

export class Ending {
  readonly cloud: FakeCloud = createFakeCloud();
  mooring: TestAcceptanceContext;

  constructor() {
    this.mooring = this.use(this.cloud.ports);
  }

  /** From now on, everything goes through these. */
  use(ports: Ports): TestAcceptanceContext {
    providePorts(ports);
    this.mooring = createAcceptanceContext({ ports }, expiryCaller);
    return this.mooring;
  }

  /** Onboards the namespace; the access to these has then ended. */
  async onboardUntil(wanted: OnboardingRequest, ...ending: readonly string[]): Promise<void> {
    const { registry } = this.cloud.ports;
    await operate(this.cloud, "onboard", wanted);
    const record = await registry.getNamespace(wanted);
    if (!record) throw new Error("nothing was onboarded");
    const until = withRevisedTargets(wanted, ({ key }) => (ending.includes(key) ? { expiresAt: longAgo } : {}));
    const noted = { expiry: { end: longAgo, passedTime: longAgo } };
    await registry.replaceNamespace({ ...record, ...noted, request: until, requestHash: hashRequest(until) });
  }

  /** What the timer begins, run to its end. */
  async takeAway(laterMs = 0) {
    const { operation } = await acceptExpired(this.mooring, request, Date.now() + laterMs);
    const run = await this.mooring.run();
    const record = this.cloud.operations.get(operation);
    if (!record) throw new Error(`operation ${operation} left no record`);
    const steps = await this.cloud.ports.registry.listSteps(operation);
    return { run, record, steps, notices: steps.flatMap(({ notices = [] }) => notices.map(({ code }) => code)) };
  }

  /** The targets on which it has a role in Azure. */
  roles(): readonly (string | undefined)[] {
    return [...this.cloud.roleAssignments.values()].map(({ scope }) => scope.split("/").at(-1));
  }
}

export const down = async (): Promise<never> => {
  throw new TransientError("ARM_UNAVAILABLE", "no answer");
};
const isOnUploads = (scope: string) => scope.endsWith("/uploads");

/** Of the target "uploads", but for the last, which is about a database: what, how, and the code of the notice. */
export const troubles: readonly (readonly [string, (ports: Ports) => Partial<Ports>, string])[] = [
  [
    "is locked",
    ({ azureResources }) => ({
      azureResources: {
        ...azureResources,
        locksAt: async (scope) => (isOnUploads(scope) ? [{ id: "lock", level: "ReadOnly" }] : []),
      },
    }),
    "ARM_LOCKED",
  ],
  [
    "is gone",
    ({ azureResources }) => ({ azureResources: { ...azureResources, find: async () => undefined } }),
    "TARGET_MISSING",
  ],
  [
    "does not answer",
    ({ roleAssignments }) => ({
      roleAssignments: {
        ...roleAssignments,
        madeAt: (scope) => (isOnUploads(scope) ? down() : roleAssignments.madeAt(scope)),
        heldAt: (scope, id) => (isOnUploads(scope) ? down() : roleAssignments.heldAt(scope, id)),
        usage: down,
      },
    }),
    "ARM_UNAVAILABLE",
  ],
  [
    "is a database that is gone",
    ({ sqlServers, databases }) => ({
      sqlServers: {
        ...sqlServers,
        inspect: async (server) => {
          const state = await sqlServers.inspect(server);
          return state && { ...state, databases: ["orders"] };
        },
      },
      databases: {
        ...databases,
        inspect: async (target, user) => {
          if (target.database === "messages") throw new PermanentError("UNKNOWN_DATABASE", "it is gone");
          return await databases.inspect(target, user);
        },
      },
    }),
    "UNKNOWN_DATABASE",
  ],
];
