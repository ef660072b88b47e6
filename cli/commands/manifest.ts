import { type Language, languages, printLogins } from "../../clients/drivers.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { namespaceOf } from "../requests/namespacePath.ts";

export const command = defineCommand({
  description:
    "Prints the YAML fragment that a team pastes into its Deployment. With --language, prints the lines with which an application logs in (docs/drivers.md).",
  operands: [{ name: "cluster/namespace", isRequired: true }],
  flags: {
    language: { value: "language", choices: languages, summary: "Print the lines of that language instead" },
  },
  examples: ["manifest aks-dev/team-a", "manifest aks-dev/team-a --language node"],
  isText: true,
  async run(session, { language }, operands) {
    const { path } = namespaceOf(operands, "/manifest");
    const fragment = await session.client.text({ method: "GET", path });
    session.write(language === undefined ? fragment : printLogins(language as Language));
    return exitCodes.done;
  },
});
