import { defineCommand } from "../command.ts";
import { exitCodes, UsageError } from "../failures.ts";
import { table } from "../output/table.ts";
import type { Session } from "../session.ts";

export const command = defineCommand({
  description:
    "Shows what your requests can ask for: clusters with their identity modes, databases with their role bundles, other targets with the access they allow, profiles, and namespaces whose identity they can share. `catalog check` is for operators: it reads a local catalog file, without a service, and reports the line, the setting and the fix of each problem. The exit code is 1 if there is one.",
  operands: [
    { name: "check", isRequired: false, choices: ["check"] },
    { name: "file", isRequired: false },
  ],
  flags: {},
  examples: ["catalog", "catalog -o yaml", "catalog check mooring.yaml"],
  async run(session, _values, [check, file]) {
    if (check === undefined) return await showCatalog(session);
    if (file === undefined)
      throw new UsageError("catalog check needs <file>.", { next: ["mooring catalog check <file>"] });
    const { checkCatalog } = await import("../catalogFile.ts");
    return await checkCatalog(session, file);
  },
});

async function showCatalog(session: Session): Promise<number> {
  const document = await session.client.json({ route: "GET /api/catalog" }, ["clusters", "sqlServers"]);
  // A service of release 0.1.0 has no other targets, and no profiles.
  const { clusters, sqlServers, targets = [], profiles = [], sharedIdentities = [] } = document;
  const rows = [
    ...clusters.map(({ name, environment = "", identityModes }) => ({
      ...{ kind: "cluster", name, environment },
      allows: identityModes.join(", "),
    })),
    ...sqlServers.flatMap(({ name: server, environment = "", databases }) =>
      databases.map(({ name, roles }) => ({
        ...{ kind: "database", name: `${server}/${name}`, environment },
        allows: roles.join(", "),
      })),
    ),
    ...targets.map(({ name, kind, environment = "", access }) => ({
      ...{ kind, name, environment },
      allows: access.join(", "),
    })),
    ...profiles.map(({ name, description = "" }) => ({
      ...{ kind: "profile", name, environment: "" },
      allows: description,
    })),
    ...sharedIdentities.map(({ name, clusters: open }) => ({
      ...{ kind: "identity", name, environment: "" },
      allows: open.join(", "),
    })),
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
              { title: "KIND", cell: ({ kind }) => kind, goes: 1 },
              { title: "NAME", cell: ({ name }) => name },
              ...(rows.some(({ environment }) => environment !== "")
                ? [{ title: "ENVIRONMENT", cell: ({ environment }: { readonly environment: string }) => environment }]
                : []),
              { title: "ALLOWS", cell: ({ allows }) => allows, wraps: true },
            ],
            view,
          ),
  });
  return exitCodes.done;
}
