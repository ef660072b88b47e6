import { defined } from "../../src/domain/defined.ts";
import { conditionFlags, dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { change } from "../requests/change.ts";
import { namespaceOf } from "../requests/namespacePath.ts";
import { adoptFlags } from "../requests/requestFlags.ts";
import { changeMany, choiceOf, selectionFlags, selectionOperand } from "../requests/selection.ts";

export const command = defineCommand({
  description:
    "Repairs what differs from what was onboarded. What someone else added stays; verify reports it. Several namespaces are one batch, each with an operation of its own.",
  operands: [selectionOperand],
  flags: { ...selectionFlags, ...adoptFlags, ...conditionFlags, ...dryRunFlags, ...waitFlags },
  examples: [
    "repair aks-dev/team-a --dry-run",
    "repair aks-dev/team-a --wait",
    "repair --filter cluster=aks-dev,findings=Error --wait",
    "repair --filter findings=GRANT_UNRECORDED --adopt-identity any --dry-run",
  ],
  async run(session, values, operands) {
    const { "dry-run": isDryRun, "if-match": ifMatch, "adopt-identity": adoptIdentity } = values;
    const options = defined({ adoptIdentity });
    const choice = choiceOf(values, operands);
    if (choice) return await changeMany(session, { action: "repair", options, choice, isDryRun, ifMatch });
    const { name, at } = namespaceOf(operands);
    const call = { route: "POST /api/namespaces/{cluster}/{namespace}/repair", at, query: options, ifMatch } as const;
    return await change(session, { call, title: `repair ${name}`, name }, { isDryRun });
  },
});
