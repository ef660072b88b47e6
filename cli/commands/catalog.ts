import type { CatalogDocument } from "../../src/domain/documents/catalog.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../failures.ts";
import { table } from "../output/table.ts";

export const command = defineCommand({
  description:
    "Shows what your requests may name: clusters with their identity modes, and databases with their role bundles.",
  operands: [],
  flags: {},
  examples: ["catalog", "catalog -o yaml"],
  async run(session) {
    const document = await session.client.json<CatalogDocument>({ method: "GET", path: "/api/catalog" }, [
      "clusters",
      "sqlServers",
    ]);
    const { clusters, sqlServers } = document;
    const rows = [
      ...clusters.map(({ name, identityModes }) => ({ kind: "cluster", name, allows: identityModes.join(", ") })),
      ...sqlServers.flatMap(({ name: server, databases }) =>
        databases.map(({ name, roles }) => ({ kind: "database", name: `${server}/${name}`, allows: roles.join(", ") })),
      ),
    ];
    await session.print({
      document,
      names: rows.map(({ name }) => name),
      lines: (view) =>
        rows.length === 0
          ? ["Nothing: none of your teams has an entry in the catalog."]
          : table(
              rows,
              [
                { title: "KIND", cell: ({ kind }) => kind },
                { title: "NAME", cell: ({ name }) => name },
                { title: "ALLOWS", cell: ({ allows }) => allows },
              ],
              view,
            ),
    });
    return exitCodes.done;
  },
});
