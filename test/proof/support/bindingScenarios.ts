/** Scenarios in which the namespace has an identity binding, or gets one. */
import { base, cancelingAt, refuseWrites, type Scenario, type Stage } from "./scenarioStage.ts";

const bound = { identityMode: "identityBinding" };

export const bindingScenarios: Readonly<Record<string, Scenario>> = {
  "binding-onboard-change-offboard": async ({ onboard, repair, offboard }) => {
    await onboard(bound);
    await onboard({ ...bound, serviceAccount: "other" });
    await repair();
    await offboard();
  },
  "binding-refused": async ({ cloud, onboard }) => {
    refuseWrites(cloud, "put binding");
    await onboard(bound);
  },
  "binding-migrate-there-and-back": async (stage) => {
    await stage.onboard();
    await stage.migrateTo("identityBinding", "retire");
    await stage.migrateTo("workloadIdentity", "retire");
  },
  "binding-retired-in-vain": (stage) => retireInVain(stage),
  "binding-retired-with-a-profile-and-canceled": async (stage) => {
    await stage.onboard({ ...bound, namespaceProfile: "small" });
    await stage.migrateTo("workloadIdentity", "retire", cancelingAt(stage, "verify"));
  },
  "binding-offboard-on-the-way": async ({ onboard, migrateTo, offboard }) => {
    await onboard();
    await migrateTo("identityBinding", "sideBySide");
    await offboard();
  },
  // As a row is that was restored from a backup.
  "binding-offboard-without-a-record-of-the-migration": async ({ cloud, onboard, migrateTo, offboard }) => {
    const { registry } = cloud.ports;
    await onboard();
    const before = await registry.getNamespace(base);
    await migrateTo("identityBinding", "sideBySide");
    const after = await registry.getNamespace(base);
    if (!before || !after) throw new Error("nothing is onboarded");
    await registry.replaceNamespace({ ...before, etag: after.etag });
    await offboard();
  },
};

/** The last removal of the retirement is refused, and its undos put back what went before. */
async function retireInVain({ cloud, onboard, migrateTo }: Stage): Promise<void> {
  await onboard(bound);
  refuseWrites(cloud, "remove ClusterRole");
  await migrateTo("workloadIdentity", "retire");
}
