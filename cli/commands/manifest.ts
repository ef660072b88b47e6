import { kindsIn, printLogins } from "../../clients/drivers.ts";
import { type Language, languages } from "../../clients/login.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { namespaceOf } from "../requests/namespacePath.ts";

export const command = defineCommand({
  description:
    "Prints the YAML fragment that a team pastes into its Deployment. With --language, prints the lines with which an application logs in, and what to look at when they fail (docs/drivers.md).",
  operands: [{ name: "cluster/namespace", isRequired: true }],
  flags: {
    language: { value: "language", choices: languages, summary: "Print the lines of that language instead" },
  },
  examples: ["manifest aks-dev/team-a", "manifest aks-dev/team-a --language node"],
  isText: true,
  async run(session, { language }, operands) {
    const { at } = namespaceOf(operands);
    if (language === undefined) {
      session.write(await session.client.text({ route: "GET /api/namespaces/{cluster}/{namespace}/manifest", at }));
      return exitCodes.done;
    }
    const { client } = session;
    const { request } = await client.json({ route: "GET /api/namespaces/{cluster}/{namespace}", at }, ["request"]);
    const catalog = await client.json({ route: "GET /api/catalog" }, ["targets"]);
    session.write(printLogins(language as Language, request.identityMode, kindsIn(request, catalog.targets)));
    return exitCodes.done;
  },
});
