import { dryRunFlags, waitFlags } from "../arguments/shared.ts";
import { defineCommand } from "../command.ts";
import { change } from "../requests/change.ts";
import { namespaceOf } from "../requests/namespacePath.ts";

export const command = defineCommand({
  description:
    "Removes what Mooring created for the namespace: database users, credentials, Kubernetes objects, the identity, and the namespace itself where it is Mooring's and its deletePolicy says so. Stops with nothing removed where somebody else depends on what would go.",
  operands: [{ name: "cluster/namespace", isRequired: true }],
  flags: {
    "ignore-dependants": { summary: "Go on although others depend on what goes" },
    ...dryRunFlags,
    ...waitFlags,
  },
  examples: ["offboard aks-dev/team-a --dry-run", "offboard aks-dev/team-a --wait"],
  async run(session, values, operands) {
    const { name, path } = namespaceOf(operands);
    const query = values["ignore-dependants"] ? { ignoreDependants: "true" } : {};
    const call = { method: "DELETE", path, query } as const;
    return await change(session, { call, title: `offboard ${name}`, name }, { isDryRun: values["dry-run"] });
  },
});
