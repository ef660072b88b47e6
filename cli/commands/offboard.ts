import { conditionFlags, dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { confirmed, personHere } from "../question.ts";
import { change } from "../requests/change.ts";
import { namespaceOf } from "../requests/namespacePath.ts";
import { changeMany, choiceOf, selectionFlags, selectionOperand, yesFlags } from "../requests/selection.ts";

export const command = defineCommand({
  description:
    "Removes what Mooring created for the namespace: database users, credentials, Kubernetes objects, the identity, and the namespace itself if Mooring created it and its deletePolicy is Delete. A namespace in which others have anything is kept. Stops, with nothing removed, if someone else depends on what would be removed. On a terminal it asks first. Several namespaces are one batch, and need --yes outside a terminal.",
  operands: [selectionOperand],
  flags: {
    "ignore-dependants": {
      summary:
        "Continue although others depend on what would be removed, and delete the namespace with what they have in it",
    },
    ...selectionFlags,
    ...yesFlags,
    ...conditionFlags,
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: [
    "offboard aks-dev/team-a --dry-run",
    "offboard aks-dev/team-a --wait",
    "offboard --filter team=red,state=Incomplete --yes --wait",
  ],
  async run(session, values, operands) {
    const isDryRun = values["dry-run"];
    const ignoreDependants = values["ignore-dependants"];
    const ifMatch = values["if-match"];
    const choice = choiceOf(values, operands);
    if (choice) {
      const options = { ignoreDependants };
      return await changeMany(session, {
        action: "offboard",
        options,
        choice,
        isDryRun,
        ifMatch,
        isConfirmed: values.yes,
      });
    }
    const { name, at } = namespaceOf(operands);
    const person = isDryRun || values.yes ? undefined : personHere();
    if (person && !(await confirmed(session, `offboard ${name}?`, person))) return exitCodes.refused;
    const query = ignoreDependants ? { ignoreDependants: "true" } : {};
    const call = { route: "DELETE /api/namespaces/{cluster}/{namespace}", at, query, ifMatch } as const;
    return await change(session, { call, title: `offboard ${name}`, name }, { isDryRun });
  },
});
