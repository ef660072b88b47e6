/** The ways that repairs and migrations go. */
import { MigrationPhase } from "../../../src/domain/operation/migration.ts";
import { acceptCompensation } from "../../../src/functions/acceptance/acceptance.ts";
import type { FakeCloud } from "../../support/fakeCloud.ts";
import { base, cancelingAt, pod, refuseWrites, type Scenario, type Stage } from "./scenarioStage.ts";

/** A pod that gets its identity the old way. */
const runPod = ({ objects }: FakeCloud) => {
  const metadata = { name: "app-1", namespace: base.namespace, labels: { aadpodidbinding: base.namespace } };
  objects.set(`v1 Pod ${base.namespace}/app-1`, { apiVersion: "v1", kind: "Pod", metadata });
};

const migrating =
  (play: (stage: Stage) => Promise<unknown>): Scenario =>
  async (stage) => {
    await stage.onboard(pod);
    await play(stage);
  };

/** The activities of a migration in which a cancellation can come, by phase. */
const phaseActivities: Readonly<Record<MigrationPhase, string>> = {
  inventory: "takeInventory",
  sideBySide: "federateIdentity",
  verify: "verifySideBySide",
  cutOver: "cutOver",
  retire: "removePodIdentity",
};

const migrations = Object.fromEntries(
  MigrationPhase.options.flatMap((phase): [string, Scenario][] => {
    const name = phase.toLowerCase();
    const stop = async ({ migrate }: Stage) => {
      await migrate(phase);
      if (phase !== "retire") await migrate("retire");
    };
    return [
      [`migrate-until-${name}-and-on`, migrating(stop)],
      [
        `migrate-canceled-in-${name}`,
        migrating((stage) => stage.migrate("retire", cancelingAt(stage, phaseActivities[phase]))),
      ],
      [
        `migrate-until-${name}-and-offboard`,
        migrating(async ({ migrate, offboard }) => {
          await migrate(phase);
          await offboard();
        }),
      ],
    ];
  }),
);

const repairs: Readonly<Record<string, Scenario>> = {
  "repair-nothing": async ({ onboard, repair }) => {
    await onboard();
    await repair();
  },
  "repair-pod-identity": async ({ cloud, onboard, repair }) => {
    await onboard(pod);
    cloud.identities.clear();
    await repair();
  },
  "repair-what-is-gone": async ({ cloud, onboard, repair }) => {
    await onboard();
    cloud.identities.clear();
    cloud.credentials.clear();
    await repair();
  },
  "repair-refused": async ({ cloud, onboard, repair }) => {
    await onboard();
    cloud.credentials.clear();
    refuseWrites(cloud, "put credential");
    await repair();
  },
  "repair-canceled": async (stage) => {
    await stage.onboard();
    await stage.repair(cancelingAt(stage, "grantDatabase"));
  },
  "repair-in-the-middle-of-a-migration": migrating(async ({ migrate, repair }) => {
    await migrate("sideBySide");
    await repair();
  }),
};

export const upkeepScenarios: Readonly<Record<string, Scenario>> = {
  ...migrations,
  "migrate-credential-refused": migrating(async ({ cloud, migrate }) => {
    refuseWrites(cloud, "put credential");
    await migrate("retire");
  }),
  "migrate-undo-refused": migrating(async ({ cloud, migrate }) => {
    refuseWrites(cloud, "put credential", "remove ServiceAccount");
    await migrate("retire");
  }),
  "migrate-undos-refused-and-again": migrating(async (stage) => {
    const { cloud, desk, migrate, run } = stage;
    const refuse = () => refuseWrites(cloud, "apply AzureIdentityBinding", "remove credential");
    const id = await migrate("retire", cancelingAt(stage, "verify", refuse));
    refuseWrites(cloud);
    await acceptCompensation(desk, id);
    await run();
  }),
  "migrate-retire-refused": migrating(async ({ cloud, migrate }) => {
    refuseWrites(cloud, "remove AzureIdentity");
    await migrate("retire");
  }),
  "migrate-with-a-pod-in-the-way": migrating(async ({ cloud, migrate }) => {
    runPod(cloud);
    await migrate("retire");
  }),
  ...repairs,
};
