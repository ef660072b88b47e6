import type { MigrationPhase } from "../../src/domain/operation/migration.ts";
import type { IdentityMode } from "../../src/domain/request/request.ts";
import { dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { change } from "../requests/change.ts";
import { namespaceOf } from "../requests/namespacePath.ts";

export const command = defineCommand({
  description:
    "Takes a namespace from aad-pod-identity to workload identity, or with --to podIdentity back, in phases that each leave it working. It may stop after any phase; called again it goes on there, and called for the other identity mode it goes back. The last phase waits until no pod uses the old way, for as long as migration.waitForPodsMinutes in the catalog says (an hour); status names the pods.",
  operands: [{ name: "cluster/namespace", isRequired: true }],
  flags: {
    to: {
      value: "mode",
      choices: ["workloadIdentity", "podIdentity"] satisfies readonly IdentityMode[],
      summary: "The identity mode to which it leads (workloadIdentity)",
    },
    until: {
      value: "phase",
      choices: ["inventory", "sideBySide", "verify", "cutOver", "retire"] satisfies readonly MigrationPhase[],
      summary: "The last phase to run (retire)",
    },
    "service-account": { value: "name", summary: "Of the workload (the one of the onboarding request)" },
    selector: { value: "label", summary: "On the way back, of aadpodidbinding (the one of before, or the namespace)" },
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: [
    "migrate aks-dev/team-b --until sideBySide --wait",
    "migrate aks-dev/team-b --wait",
    "migrate aks-dev/team-b --to podIdentity --dry-run",
  ],
  async run(session, values, operands) {
    const { name, path } = namespaceOf(operands, "/migrate");
    const { to, until, selector } = values;
    const serviceAccount = values["service-account"];
    const body = {
      ...(to === undefined ? {} : { to }),
      ...(until === undefined ? {} : { until }),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
      ...(selector === undefined ? {} : { selector }),
    };
    const call = { method: "POST", path, body } as const;
    return await change(session, { call, title: `migrate ${name}`, name }, { isDryRun: values["dry-run"] });
  },
});
