/** Scenarios of operations, each as the orchestration histories that it leaves. */
import { providePorts } from "../../../src/activities/host.ts";
import {
  acceptCompensation,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import { cancelOperation, decideApproval } from "../../../src/application/decisions/decide.ts";
import { prepareMigration } from "../../../src/application/migration/prepareMigration.ts";
import { Team } from "../../../src/domain/access/access.ts";
import { ApprovalPolicy } from "../../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { MigrationRequest } from "../../../src/domain/operation/migration.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { decisionEvent } from "../../../src/domain/operation/wakingEvents.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { approver, confirmed, createAcceptanceContext, requester } from "../../support/acceptanceContext.ts";
import type { Run, RunOptions } from "../../support/durableRunner.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { batchScenarios } from "./batchScenarios.ts";
import { bindingScenarios } from "./bindingScenarios.ts";
import { expiryScenarios } from "./expiryScenarios.ts";
import { takeUpScenarios } from "./resumptionScenarios.ts";
import { base, cancelingAt, databases, pod, refuseWrites, type Scenario, type Stage } from "./scenarioStage.ts";
import { upkeepScenarios } from "./upkeepScenarios.ts";

const one = { databases: databases.slice(0, 1) };

const permanent = (what: string) => (cloud: FakeCloud) => refuseWrites(cloud, what);

/** Loses the answer the first time. */
const lost = (what: string) => (cloud: FakeCloud) => {
  let count = 0;
  cloud.onWrite = (call) => {
    if (call.what !== what || call.when !== "after") return;
    count += 1;
    if (count === 1) throw new TransientError("ARM_UNAVAILABLE", "no answer came");
  };
};

const down = (what: string) => (cloud: FakeCloud) => {
  cloud.onWrite = (call) => {
    if (call.what === what) throw new TransientError("SQL_UNAVAILABLE", "the database is resuming");
  };
};

/** Fails authentication that many times; Infinity means permanently. */
const unknown =
  (times: number, ...calls: readonly string[]) =>
  (cloud: FakeCloud) => {
    let count = 0;
    cloud.onWrite = ({ what, when }) => {
      if (!calls.includes(what) || when === "after") return;
      count += 1;
      if (count <= times) throw new TransientError("AUTHENTICATION_FAILED", "the token is not accepted");
    };
  };

const broken =
  (breakIt: (cloud: FakeCloud) => void, changes: object = {}): Scenario =>
  async ({ cloud, onboard }) => {
    breakIt(cloud);
    await onboard(changes);
  };

const brokenOffboarding =
  (breakIt: (cloud: FakeCloud) => void, changes: object = {}): Scenario =>
  async ({ cloud, onboard, offboard }) => {
    await onboard(changes);
    breakIt(cloud);
    await offboard();
  };

const takeOver = async ({ acceptance, run }: Stage, changes: object = {}) => {
  const wanted = OnboardingRequest.parse({ ...base, ...changes, team: "blue" });
  await acceptOnboarding(acceptance, wanted, { ...confirmed, takeOver: true });
  await run();
};

const canceledAt =
  (activity: string, changes: object = {}): Scenario =>
  (stage) =>
    stage.onboard(changes, cancelingAt(stage, activity));

/** What an onboarding whose undos were refused has left is undone again, perhaps by a cloud that refuses no more. */
const undoneAgain =
  (undo: string, meanwhile: (cloud: FakeCloud) => void = () => undefined): Scenario =>
  async ({ cloud, acceptance, run, onboard }) => {
    refuseWrites(cloud, "put credential", undo);
    const failed = await onboard();
    meanwhile(cloud);
    await acceptCompensation(acceptance, failed);
    await run();
  };

const decided =
  (decide: (stage: Stage, operation: string) => Promise<unknown>): Scenario =>
  async (stage) => {
    const { operation } = await acceptOnboarding(stage.acceptance, OnboardingRequest.parse(base));
    await stage.run({
      async atRest() {
        await decide(stage, operation);
      },
    });
  };

const answer =
  (kind: "approved" | "rejected") =>
  async ({ cloud, acceptance }: Stage, operation: string) => {
    const { requestHash } = cloud.operations.get(operation)?.approval ?? {};
    await decideApproval(cloud.ports.registry, operation, { kind, by: approver, requestHash });
    acceptance.raise(decisionEvent);
  };

/** The names become file names. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  ...bindingScenarios,
  ...expiryScenarios,
  ...upkeepScenarios,
  ...batchScenarios,
  ...takeUpScenarios,
  "admin-set": ({ onboard }) => onboard(),
  "admin-set-and-undone": broken(permanent("put credential")),
  "admin-answer-lost": broken(lost("set SQL administrator")),
  "admin-refused": broken(permanent("set SQL administrator")),
  "admin-canceled": canceledAt("prepareNamespace"),
  "admin-undo-refused-and-again": undoneAgain("remove SQL administrator", (cloud) => refuseWrites(cloud)),
  "admin-set-by-repair": async ({ cloud, onboard, repair }) => {
    await onboard();
    cloud.sqlAdmins.clear();
    await repair();
  },
  "change-takes-away-in-vain": async ({ cloud, onboard, offboard }) => {
    await onboard();
    refuseWrites(cloud, "change sql-dev/orders");
    await onboard(one);
    cloud.onWrite = () => undefined;
    await offboard();
  },
  "change-takes-a-role-away": async ({ onboard }) => {
    await onboard();
    await onboard({ databases: databases.map((each) => ({ ...each, roles: ["reader"] })) });
  },
  "profile-changed-in-vain-and-given-up": async ({ cloud, onboard }) => {
    await onboard({ ...one, namespaceProfile: "small" });
    refuseWrites(cloud, "change sql-dev/orders");
    await onboard({ namespaceProfile: "large" });
    cloud.onWrite = () => undefined;
    await onboard(one);
  },
  "targets-given-and-taken": async ({ onboard, offboard }) => {
    const uploads = { target: "uploads", access: ["read", "write"] };
    await onboard({ targets: [uploads, { target: "jobs", access: ["send"] }] });
    await onboard({ databases: [], targets: [{ ...uploads, access: ["read"] }] });
    await offboard();
  },
  "targets-refused": async ({ cloud, onboard }) => {
    permanent("put role assignment")(cloud);
    await onboard({ targets: [{ target: "uploads", access: ["read"] }] });
  },
  "shared-guest-comes-changes-and-goes": async ({ acceptance, run, onboard, offboard }) => {
    const guest = { ...base, namespace: "team-g", sharedIdentity: "aks-dev/team-a" };
    await onboard();
    await onboard({ ...guest, ...one });
    await onboard(guest);
    await offboard();
    await acceptOffboarding(acceptance, guest);
    await run();
    await offboard();
  },
  "shared-guest-refused": async ({ cloud, onboard }) => {
    await onboard();
    permanent("put credential")(cloud);
    await onboard({ namespace: "team-g", sharedIdentity: "aks-dev/team-a" });
  },
  "change-canceled": async (stage) => {
    await stage.onboard(one);
    await stage.onboard({}, cancelingAt(stage, "grantDatabase"));
  },
  "change-undo-refused-and-again": async ({ cloud, acceptance, run, onboard }) => {
    await onboard(one);
    cloud.onWrite = ({ what, when }) => {
      if (what === "change sql-dev/orders" && when === "after") throw new PermanentError("SQL_FORBIDDEN", "no more");
    };
    const failed = await onboard();
    await acceptCompensation(acceptance, failed);
    await run();
  },
  "change-of-pod-identity-refused": async ({ cloud, onboard }) => {
    await onboard({ ...pod, ...one });
    refuseWrites(cloud, "change sql-dev/orders");
    await onboard({ ...pod, selector: "other" });
  },
  "compensate-in-vain": undoneAgain("remove identity"),
  "compensate-cannot-begin": undoneAgain("remove identity", (cloud) => {
    const publish = async () => {
      throw new PermanentError("SERVICE_BUS_FORBIDDEN", "publish is refused");
    };
    providePorts({ ...cloud.ports, events: { publish } });
  }),
  "offboard-canceled": async (stage) => {
    await stage.onboard();
    await stage.offboard(cancelingAt(stage, "removeIdentity"));
  },
  "offboard-schema-owned": async ({ cloud, onboard, offboard }) => {
    await onboard();
    const users = cloud.users.get("sql-dev/orders");
    for (const [name, user] of users ?? []) users?.set(name, { ...user, ownedSchemas: ["app"] });
    await offboard();
  },
  "cancel-in-preflight": canceledAt("preflight"),
  "cancel-at-the-identity": canceledAt("prepareNamespace"),
  "cancel-at-the-workload": canceledAt("connectWorkload"),
  "cancel-in-verification": canceledAt("verifyAndConclude"),
  "end-not-recorded": async ({ cloud, acceptance, run }) => {
    await acceptOnboarding(acceptance, OnboardingRequest.parse(base));
    await run({
      async execute(name, work) {
        if (name === "recordOutcome" || name === "verifyAndConclude") {
          const replaceNamespace = async () => {
            throw new TransientError("REGISTRY_UNAVAILABLE", "the tables are away");
          };
          providePorts({ ...cloud.ports, registry: { ...cloud.ports.registry, replaceNamespace } });
        }
        return await work();
      },
    });
  },
  "onboard-workload-identity": ({ onboard }) => onboard(),
  "onboard-pod-identity": ({ onboard }) => onboard(pod),
  "onboard-one-database": ({ onboard }) => onboard(one),
  "onboard-answers-out-of-order": ({ onboard }) => onboard({}, { random: () => 0.99 }),
  "onboard-together": ({ onboard }) => onboard({}, { together: (open) => open }),
  "onboard-unauthenticated-for-a-while": broken(unknown(3, "put credential", "change sql-dev/orders")),
  "onboard-unauthenticated-for-good": broken(unknown(Number.POSITIVE_INFINITY, "put credential")),
  "onboard-undos-unauthenticated": broken(unknown(Number.POSITIVE_INFINITY, "put credential", "remove identity")),
  "onboard-identity-refused": broken(permanent("put identity")),
  "onboard-namespace-refused": broken(permanent("apply Namespace")),
  "onboard-database-refused": broken(permanent("change sql-dev/orders")),
  "onboard-credential-refused": broken(permanent("put credential")),
  "onboard-service-account-refused": broken(permanent("apply ServiceAccount")),
  "onboard-binding-refused": broken(permanent("apply AzureIdentityBinding"), pod),
  "onboard-identity-answer-lost": broken(lost("put identity")),
  "onboard-database-answer-lost": broken(lost("change sql-dev/messages")),
  "onboard-database-down": broken(down("change sql-dev/orders")),
  // Longer than the runtime's attempts.
  "onboard-undo-goes-on": broken((cloud) => {
    let tries = 0;
    cloud.onWrite = ({ what, when }) => {
      if (when === "after") return;
      if (what === "put credential") throw new PermanentError("ARM_FORBIDDEN", "refused");
      if (what !== "remove identity") return;
      tries += 1;
      if (tries <= 5) throw new TransientError("ARM_UNAVAILABLE", "no answer came");
    };
  }),
  "onboard-compensation-failed": broken((cloud) => refuseWrites(cloud, "put credential", "remove identity")),
  "compensate-again": undoneAgain("remove identity", (cloud) => refuseWrites(cloud)),
  "onboard-again-after-failure": async ({ cloud, onboard }) => {
    permanent("put credential")(cloud);
    await onboard();
    cloud.onWrite = () => undefined;
    await onboard();
  },
  "offboard-workload-identity": brokenOffboarding(() => undefined),
  "offboard-pod-identity": brokenOffboarding(() => undefined, pod),
  "offboard-identity-refused": brokenOffboarding(permanent("remove identity")),
  "offboard-database-down": brokenOffboarding(down("change sql-dev/messages")),
  "offboard-keeping-the-namespace": brokenOffboarding(() => undefined, { deletePolicy: "Keep" }),
  "change-adds-a-database": async ({ onboard }) => {
    await onboard(one);
    await onboard();
  },
  "change-takes-a-database-away": async ({ onboard }) => {
    await onboard();
    await onboard({ ...one, serviceAccount: "other" });
  },
  "change-refused": async ({ cloud, onboard }) => {
    await onboard(one);
    permanent("change sql-dev/orders")(cloud);
    await onboard();
  },
  "take-over": async (stage) => {
    await stage.onboard({ databases: databases.slice(1) });
    await takeOver(stage, { ...one, serviceAccount: "other" });
  },
  "take-over-of-the-same": async (stage) => {
    await stage.onboard();
    await takeOver(stage);
  },
  "take-over-takes-away-in-vain": async (stage) => {
    await stage.onboard({ databases: databases.slice(1) });
    permanent("change sql-dev/orders")(stage.cloud);
    await takeOver(stage, one);
  },
  "take-over-refused": async (stage) => {
    await stage.onboard({ databases: databases.slice(1) });
    permanent("change sql-dev/messages")(stage.cloud);
    await takeOver(stage, one);
  },
  "cancel-before-the-first-write": canceledAt("prepareNamespace"),
  "cancel-among-the-databases": canceledAt("grantDatabase"),
  "cancel-too-late": async (stage) => {
    await stage.onboard();
    await canceledAt("retireDatabase", one)(stage);
  },
  "approval-given": decided(answer("approved")),
  "approval-of-a-change": async (stage) => {
    await stage.onboard({ databases: databases.slice(1) });
    await decided(answer("approved"))(stage);
  },
  "approval-refused": decided(answer("rejected")),
  "approval-in-vain": decided(async () => undefined),
  "approval-canceled": decided(async ({ cloud, acceptance }, operation) => {
    await cancelOperation(cloud.ports.registry, operation, { by: requester });
    acceptance.raise(decisionEvent);
  }),
  "approval-woken-for-nothing": async (stage) => {
    let calls = 0;
    await decided(async (at, operation) => {
      calls += 1;
      if (calls === 1) at.acceptance.raise(decisionEvent);
      else await answer("approved")(at, operation);
    })(stage);
  },
};

/** Scenarios whose catalog gives the server an administrator that is not set yet. */
const administered = Object.fromEntries(
  Object.entries(catalog.sqlServers).map(([name, server]) => [
    name,
    { ...server, entraAdmin: { login: "platform", objectId: "88888888-8888-4888-8888-888888888888" } },
  ]),
);

const blue = Team.parse({
  clusters: ["aks-dev"],
  namespaces: ["team-*"],
  databases: { "sql-dev": { messages: ["reader"], orders: ["writer", "executor"] } },
});

/** Plays a scenario, and returns the run of each of its orchestrations. */
export async function play(name: string): Promise<readonly Run[]> {
  const scenario = scenarios[name];
  if (!scenario) throw new Error(`there is no scenario "${name}"`);
  const approval = ApprovalPolicy.parse({ databases: ["sql-dev/messages"], timeoutMinutes: 60 });
  const migration = { waitForPodsMinutes: 1 };
  const cloud = createFakeCloud({
    migration,
    ...(name.startsWith("approval-") ? { approval } : {}),
    ...(name.startsWith("take-over") ? { teams: { blue } } : {}),
    ...(name.startsWith("shared-") ? { sharedIdentities: { "aks-dev/team-a": { clusters: ["aks-dev"] } } } : {}),
    ...(name.startsWith("admin-") ? { sqlServers: administered } : {}),
  });
  if (name.startsWith("admin-")) cloud.sqlAdmins.clear();
  providePorts(cloud.ports);
  const acceptance = createAcceptanceContext(cloud);
  const runs: Run[] = [];
  const stage: Stage = {
    cloud,
    acceptance,
    async run(options) {
      const run = await acceptance.run(options);
      runs.push(run);
      return run;
    },
    runAll: (options) => acceptance.run({ ...options, onGeneration: (run) => void runs.push(run) }),
    async onboard(changes = {}, options) {
      const { operation } = await acceptOnboarding(
        acceptance,
        OnboardingRequest.parse({ ...base, ...changes }),
        confirmed,
      );
      await stage.run(options);
      return operation;
    },
    async repair(options) {
      const { operation } = await acceptUpkeep(acceptance, "Repairing", { namespaceRef: base, prepare: () => ({}) });
      await stage.run(options);
      return operation;
    },
    migrateTo: (to, until, options) => migrate({ to, until }, options),
    migrate: (until, options) => migrate({ to: "workloadIdentity", until }, options),
    migrateBack: (until, options) => migrate({ to: "podIdentity", until }, options),
    async offboard(options) {
      const { operation } = await acceptOffboarding(acceptance, base);
      await stage.run(options);
      return operation;
    },
  };
  async function migrate(wanted: MigrationRequest, options: RunOptions | undefined): Promise<string> {
    const prepare = (record: NamespaceRecord) => ({ migration: prepareMigration(acceptance.ports, record, wanted) });
    const { operation } = await acceptUpkeep(acceptance, "Migrating", { namespaceRef: base, prepare });
    await stage.run(options);
    return operation;
  }
  await scenario(stage);
  return runs;
}
