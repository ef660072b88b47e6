/** Scenarios of operations that are resumed after the runtime has ended their orchestrations. */
import { acceptOffboarding, acceptOnboarding, acceptUpkeep } from "../../../src/application/acceptance/acceptance.ts";
import { cancelOperation, decideApproval } from "../../../src/application/decisions/decide.ts";
import { prepareMigration } from "../../../src/application/migration/prepareMigration.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { approver, requester } from "../../support/acceptanceContext.ts";
import { breakOff, comeByTimer } from "../../support/breakOff.ts";
import { base, databases, pod, refuseWrites, type Scenario, type Stage } from "./scenarioStage.ts";

/** Breaks off after an activity, then is resumed and run to its end; `meanwhile` happens in between. */
const brokenAfter =
  (
    activity: string,
    accept: (stage: Stage) => Promise<unknown>,
    meanwhile: (stage: Stage) => unknown = () => undefined,
  ): Scenario =>
  async (stage) => {
    await accept(stage);
    await breakOff(stage.acceptance, activity);
    await meanwhile(stage);
    await comeByTimer(stage.acceptance);
    await stage.run();
  };

const onboard =
  (changes: object = {}) =>
  ({ acceptance }: Stage) =>
    acceptOnboarding(acceptance, OnboardingRequest.parse({ ...base, ...changes }), { isRemovalConfirmed: true });

const after =
  (before: (stage: Stage) => Promise<unknown>, accept: (stage: Stage) => Promise<unknown>) => async (stage: Stage) => {
    await before(stage);
    await accept(stage);
  };

const held = ({ cloud }: Stage) => [...cloud.namespaces.values()].at(-1)?.operation ?? "";

const approve = async (stage: Stage) => {
  const id = held(stage);
  const requestHash = stage.cloud.operations.get(id)?.approval?.requestHash;
  await decideApproval(stage.cloud.ports.registry, id, { kind: "approved", by: approver, requestHash });
};

const migrate = ({ acceptance }: Stage) =>
  acceptUpkeep(acceptance, "Migrating", {
    namespaceRef: base,
    prepare: ({ migration }) => ({
      migration: { ...migration, until: "retire", serviceAccount: "app", selector: base.namespace },
    }),
  });

const migrateBack = ({ acceptance }: Stage) =>
  acceptUpkeep(acceptance, "Migrating", {
    namespaceRef: base,
    prepare: (record) => ({
      migration: prepareMigration(acceptance.ports, record, { to: "podIdentity", until: "retire" }),
    }),
  });

const migrated = async (stage: Stage) => {
  await stage.onboard(pod);
  await stage.migrate("retire");
};

export const takeUpScenarios: Readonly<Record<string, Scenario>> = {
  "taken-up-onboarding": brokenAfter("prepareNamespace", onboard()),
  "taken-up-and-refused": brokenAfter("prepareNamespace", onboard(), ({ cloud }) => {
    // Somebody else's user, under the name that Mooring's would have had.
    const user = {
      name: identityName(base),
      type: "S",
      sid: "0x01",
      roles: [],
      permissions: [],
      ownedSchemas: [],
      mark: undefined,
    };
    cloud.users.get("sql-dev/orders")?.set(user.name, user);
  }),
  "taken-up-and-canceled": brokenAfter("prepareNamespace", onboard(), (stage) =>
    cancelOperation(stage.cloud.ports.registry, held(stage), { by: requester }),
  ),
  "taken-up-while-undone": async (stage) => {
    await onboard()(stage);
    refuseWrites(stage.cloud, "put credential");
    await breakOff(stage.acceptance, "revokeDatabase");
    await comeByTimer(stage.acceptance);
    await stage.run();
  },
  "taken-up-change-in-place": brokenAfter(
    "retireDatabase",
    after((stage) => stage.onboard(), onboard({ databases: databases.slice(0, 1) })),
  ),
  "taken-up-offboarding": brokenAfter(
    "removeServiceAccount",
    after(
      (stage) => stage.onboard(),
      ({ acceptance }) => acceptOffboarding(acceptance, base),
    ),
  ),
  "taken-up-repair": brokenAfter(
    "prepareNamespace",
    after(
      (stage) => stage.onboard(),
      ({ acceptance }) => acceptUpkeep(acceptance, "Repairing", { namespaceRef: base, prepare: () => ({}) }),
    ),
  ),
  "taken-up-migration": brokenAfter(
    "cutOver",
    after((stage) => stage.onboard(pod), migrate),
  ),
  "taken-up-migration-retiring": brokenAfter(
    "removePodIdentity",
    after((stage) => stage.onboard(pod), migrate),
  ),
  "taken-up-migration-canceled": brokenAfter(
    "cutOver",
    after((stage) => stage.onboard(pod), migrate),
    (stage) => cancelOperation(stage.cloud.ports.registry, held(stage), { by: requester }),
  ),
  "taken-up-migration-back-retiring": brokenAfter("unfederateIdentity", after(migrated, migrateBack)),
  "taken-up-migration-back-canceled": brokenAfter("cutOver", after(migrated, migrateBack), (stage) =>
    cancelOperation(stage.cloud.ports.registry, held(stage), { by: requester }),
  ),
  "approval-given-and-taken-up": async (stage) => {
    await onboard()(stage);
    await breakOff(stage.acceptance, "preflight");
    await approve(stage);
    await comeByTimer(stage.acceptance);
    await stage.run();
  },
};
