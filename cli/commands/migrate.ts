import type { MigrationPhase } from "../../src/domain/operation/migration.ts";
import { dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { change } from "../requests/change.ts";
import { namespaceOf } from "../requests/namespacePath.ts";

export const command = defineCommand({
  description:
    "Takes a namespace from aad-pod-identity to workload identity in phases that each leave it working. It may stop after any phase and goes on there when it is called again. The last phase waits until no pod uses the old way.",
  operands: [{ name: "cluster/namespace", isRequired: true }],
  flags: {
    until: {
      value: "phase",
      choices: ["inventory", "sideBySide", "verify", "cutOver", "retire"] satisfies readonly MigrationPhase[],
      summary: "The last phase to run (retire)",
    },
    "service-account": { value: "name", summary: "Of the workload (the one of the onboarding request)" },
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: ["migrate aks-dev/team-b --until sideBySide --wait", "migrate aks-dev/team-b --wait"],
  async run(session, values, operands) {
    const { name, path } = namespaceOf(operands, "/migrate");
    const { until } = values;
    const serviceAccount = values["service-account"];
    const body = {
      ...(until === undefined ? {} : { until }),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
    };
    const call = { method: "POST", path, body } as const;
    return await change(session, { call, title: `migrate ${name}`, name }, { isDryRun: values["dry-run"] });
  },
});
