/** Scenarios of repairs and migrations. */

import { acceptCompensation } from "../../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../../src/application/decisions/decide.ts";
import { MigrationPhase } from "../../../src/domain/operation/migration.ts";
import { decisionEvent } from "../../../src/domain/operation/wakingEvents.ts";
import { requester } from "../../support/acceptanceContext.ts";
import type { RunOptions } from "../../support/durableRunner.ts";
import type { FakeCloud } from "../../support/fakeCloud.ts";
import { base, cancelingAt, pod, refuseWrites, type Scenario, type Stage } from "./scenarioStage.ts";

const appPod = `v1 Pod ${base.namespace}/app-1`;

/** Starts a pod that gets its identity by pod identity or, with both labels, by either mode. */
const runPod = ({ objects }: FakeCloud, more: Record<string, string> = {}) => {
  const metadata = { name: "app-1", namespace: base.namespace, labels: { aadpodidbinding: base.namespace, ...more } };
  objects.set(appPod, { apiVersion: "v1", kind: "Pod", metadata, spec: { serviceAccountName: "app" } });
};

/** Removes the pod after the migration has waited for it the given number of times. */
const movingAfter = ({ objects }: FakeCloud, rests: number): RunOptions => {
  let count = 0;
  return {
    atRest() {
      count += 1;
      if (count === rests) objects.delete(appPod);
    },
  };
};

const migrating =
  (play: (stage: Stage) => Promise<unknown>): Scenario =>
  async (stage) => {
    await stage.onboard(pod);
    await play(stage);
  };

/** The activities of a migration during which a cancel can come, by phase. */
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

const isNew = { "azure.workload.identity/use": "true" };

/** The same on the way back. */
const backActivities: Readonly<Record<MigrationPhase, string>> = {
  ...phaseActivities,
  sideBySide: "applyPodIdentity",
  retire: "removeServiceAccount",
};

type Named = [name: string, Scenario];

const waysBack = Object.fromEntries(
  MigrationPhase.options.flatMap((phase): Named[] => {
    const name = phase.toLowerCase();
    const andBack: Scenario = async ({ migrate, migrateBack }) => {
      await migrate(phase);
      await migrateBack("retire");
    };
    return [
      // An inventory alone leaves nothing to migrate back from.
      ...(phase === "inventory" ? [] : [[`migrate-until-${name}-and-back`, migrating(andBack)] satisfies Named]),
      [
        `migrate-back-until-${name}-and-on`,
        migrating(async ({ migrate, migrateBack }) => {
          await migrate("retire");
          await migrateBack(phase);
          if (phase !== "retire") await migrateBack("retire");
        }),
      ],
      [
        `migrate-back-canceled-in-${name}`,
        migrating(async (stage) => {
          await stage.migrate("retire");
          await stage.migrateBack("retire", cancelingAt(stage, backActivities[phase]));
        }),
      ],
    ];
  }),
);

const waits: Readonly<Record<string, Scenario>> = {
  "migrate-waits-for-pods": migrating(async ({ cloud, migrate }) => {
    runPod(cloud);
    await migrate("retire", movingAfter(cloud, 3));
  }),
  "migrate-waits-for-pods-in-vain": migrating(async ({ cloud, migrate }) => {
    runPod(cloud);
    await migrate("retire");
  }),
  "migrate-canceled-while-it-waits": migrating(async ({ cloud, acceptance, migrate }) => {
    runPod(cloud);
    await migrate("retire", {
      async atRest() {
        const running = [...cloud.namespaces.values()].at(-1)?.operation ?? "";
        await cancelOperation(cloud.ports.registry, running, { by: requester });
        acceptance.raise(decisionEvent);
      },
    });
  }),
  "migrate-back-waits-for-pods": migrating(async ({ cloud, migrate, migrateBack }) => {
    await migrate("retire");
    runPod(cloud, isNew);
    await migrateBack("retire", movingAfter(cloud, 2));
  }),
};

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
  ...waysBack,
  ...waits,
  "migrate-back-binding-refused": migrating(async ({ cloud, migrate, migrateBack }) => {
    await migrate("retire");
    refuseWrites(cloud, "apply AzureIdentityBinding");
    await migrateBack("retire");
  }),
  "migrate-back-retire-refused": migrating(async ({ cloud, migrate, migrateBack }) => {
    await migrate("retire");
    refuseWrites(cloud, "remove ServiceAccount");
    await migrateBack("retire");
  }),
  "migrate-back-undos-refused-and-again": migrating(async (stage) => {
    const { cloud, acceptance, migrate, migrateBack, run } = stage;
    await migrate("retire");
    const refuse = () => refuseWrites(cloud, "put credential", "apply ServiceAccount", "remove AzureIdentity");
    const id = await migrateBack("retire", cancelingAt(stage, "verify", refuse));
    refuseWrites(cloud);
    await acceptCompensation(acceptance, id);
    await run();
  }),
  "migrate-credential-refused": migrating(async ({ cloud, migrate }) => {
    refuseWrites(cloud, "put credential");
    await migrate("retire");
  }),
  "migrate-undo-refused": migrating(async ({ cloud, migrate }) => {
    refuseWrites(cloud, "put credential", "remove ServiceAccount");
    await migrate("retire");
  }),
  "migrate-undos-refused-and-again": migrating(async (stage) => {
    const { cloud, acceptance, migrate, run } = stage;
    const refuse = () => refuseWrites(cloud, "apply AzureIdentityBinding", "remove credential");
    const id = await migrate("retire", cancelingAt(stage, "verify", refuse));
    refuseWrites(cloud);
    await acceptCompensation(acceptance, id);
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
