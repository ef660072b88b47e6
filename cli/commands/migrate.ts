import type { MigrationPhase } from "../../src/domain/operation/migration.ts";
import type { IdentityMode } from "../../src/domain/request/request.ts";
import { conditionFlags, dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { change } from "../requests/change.ts";
import { namespaceOf } from "../requests/namespacePath.ts";
import { changeMany, choiceOf, selectionFlags, selectionOperand, yesFlags } from "../requests/selection.ts";

export const command = defineCommand({
  description:
    "Takes a namespace from aad-pod-identity to workload identity, or with --to podIdentity back, in phases that each leave it working. It may stop after any phase; called again it goes on there, and called for the other identity mode it goes back. The last phase waits until no pod uses the old way, for as long as migration.waitForPodsMinutes in the catalog says (an hour); status names the pods. Several namespaces are one batch: on a terminal it asks first, and elsewhere it takes --yes.",
  operands: [selectionOperand],
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
    ...selectionFlags,
    ...yesFlags,
    ...conditionFlags,
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: [
    "migrate aks-dev/team-b --until sideBySide --wait",
    "migrate aks-dev/team-b --wait",
    "migrate aks-dev/team-b --to podIdentity --dry-run",
    "migrate --filter team=red,identityMode=podIdentity --until sideBySide --yes --wait",
  ],
  async run(session, values, operands) {
    const { to, until, selector } = values;
    const serviceAccount = values["service-account"];
    const body = {
      ...(to === undefined ? {} : { to }),
      ...(until === undefined ? {} : { until }),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
      ...(selector === undefined ? {} : { selector }),
    };
    const { "dry-run": isDryRun, "if-match": ifMatch } = values;
    const choice = choiceOf(values, operands);
    if (choice) {
      return await changeMany(session, {
        action: "migrate",
        options: body,
        choice,
        isDryRun,
        ifMatch,
        isConfirmed: values.yes,
      });
    }
    const { name, path } = namespaceOf(operands, "/migrate");
    const call = { method: "POST", path, body, ifMatch } as const;
    return await change(session, { call, title: `migrate ${name}`, name }, { isDryRun });
  },
});
