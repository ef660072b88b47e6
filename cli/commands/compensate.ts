import { conditionFlags, dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { change } from "../requests/change.ts";
import { findOperation } from "../service/findOperation.ts";

export const command = defineCommand({
  description:
    "Runs the failed undos, and only those, again as an operation of their own. Use it after COMPENSATION_FAILED, once the obstacle is gone.",
  operands: [{ name: "operation|cluster/namespace", isRequired: true }],
  flags: { ...conditionFlags, ...dryRunFlags, ...waitFlags },
  examples: ["compensate eeb4e7 --dry-run", "compensate eeb4e7 --wait"],
  async run(session, values, [text = ""]) {
    const id = await findOperation(session.client, text);
    const call = { route: "POST /api/operations/{id}/compensate", at: { id }, ifMatch: values["if-match"] } as const;
    return await change(session, { call, title: `compensate ${id}`, name: id }, { isDryRun: values["dry-run"] });
  },
});
