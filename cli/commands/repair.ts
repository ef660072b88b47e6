import { dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { change } from "../requests/change.ts";
import { namespaceOf } from "../requests/namespacePath.ts";

export const command = defineCommand({
  description:
    "Puts right what differs from what was onboarded. What somebody else added is told by verify, and stays.",
  operands: [{ name: "cluster/namespace", isRequired: true }],
  flags: { ...dryRunFlags, ...waitFlags },
  examples: ["repair aks-dev/team-a --dry-run", "repair aks-dev/team-a --wait"],
  async run(session, values, operands) {
    const { name, path } = namespaceOf(operands, "/repair");
    const call = { method: "POST", path } as const;
    return await change(session, { call, title: `repair ${name}`, name }, { isDryRun: values["dry-run"] });
  },
});
