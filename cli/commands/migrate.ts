import { defined } from "../../src/domain/defined.ts";
import type { MigrationPhase } from "../../src/domain/operation/migration.ts";
import { identityModes } from "../../src/domain/request/modes.ts";
import { conditionFlags, dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { change } from "../requests/change.ts";
import { namespaceOf } from "../requests/namespacePath.ts";
import { changeMany, choiceOf, selectionFlags, selectionOperand, yesFlags } from "../requests/selection.ts";

/** In the order in which they run. */
const phases: { readonly [Phase in MigrationPhase]: true } = {
  inventory: true,
  sideBySide: true,
  verify: true,
  cutOver: true,
  retire: true,
};

export const command = defineCommand({
  description:
    "Migrates a namespace to another identity mode: from aad-pod-identity to workload identity, to identity bindings with --to identityBinding, or back. Each phase leaves it working, and the migration can stop after any phase: run it again to continue, or with the other identity mode to reverse it. The last phase waits until no pod uses the previous mode, for as long as migration.waitForPodsMinutes in the catalog allows (an hour); status names the pods. Several namespaces are one batch: on a terminal it asks first, elsewhere it needs --yes.",
  operands: [selectionOperand],
  flags: {
    to: {
      value: "mode",
      choices: identityModes,
      summary: "The identity mode to migrate to (workloadIdentity)",
    },
    until: {
      value: "phase",
      choices: Object.keys(phases),
      summary: "The last phase to run (retire)",
    },
    "service-account": { value: "name", summary: "The workload's service account (the one in the onboarding request)" },
    selector: {
      value: "label",
      summary: "With --to podIdentity: the value of the pod label aadpodidbinding (the previous one, or the namespace)",
    },
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
      ...defined({ to }),
      ...defined({ until }),
      ...defined({ serviceAccount }),
      ...defined({ selector }),
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
    const { name, at } = namespaceOf(operands);
    const call = { route: "POST /api/namespaces/{cluster}/{namespace}/migrate", at, body, ifMatch } as const;
    return await change(session, { call, title: `migrate ${name}`, name }, { isDryRun });
  },
});
