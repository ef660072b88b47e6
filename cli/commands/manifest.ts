import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { namespaceOf } from "../requests/namespacePath.ts";

export const command = defineCommand({
  description: "Prints the YAML fragment that a team pastes into its Deployment.",
  operands: [{ name: "cluster/namespace", isRequired: true }],
  flags: {},
  examples: ["manifest aks-dev/team-a"],
  isText: true,
  async run(session, _values, operands) {
    const { path } = namespaceOf(operands, "/manifest");
    session.write(await session.client.text({ method: "GET", path }));
    return exitCodes.done;
  },
});
