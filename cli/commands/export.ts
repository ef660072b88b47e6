import { defineCommand } from "../command.ts";
import { exitCodes, UsageError } from "../failures.ts";
import { namespaceOf } from "../requests/namespacePath.ts";

export const command = defineCommand({
  description: "Prints everything that Mooring set up for the namespace, so that a team can keep it without Mooring.",
  operands: [{ name: "cluster/namespace", isRequired: true }],
  flags: {
    format: { value: "format", choices: ["kubernetes", "tsql", "azurecli"], summary: "The format (kubernetes)" },
    database: { value: "server/database", summary: "With --format tsql: only for this database" },
  },
  examples: ["export aks-dev/team-a > team-a.yaml", "export aks-dev/team-a --format tsql"],
  isText: true,
  async run(session, { format, database }, operands) {
    if (database !== undefined && format !== "tsql") throw new UsageError("--database needs --format tsql.");
    const { at } = namespaceOf(operands);
    const call = {
      route: "GET /api/namespaces/{cluster}/{namespace}/export",
      at,
      query: { format, database },
    } as const;
    session.write(await session.client.text(call));
    return exitCodes.done;
  },
});
