/**
 * Generates clients/routes.ts, what the clients know of the routes, from the declarations that register them:
 * `node tools/run.mjs tools/writeRoutes.ts`.
 */
import { spawnSync } from "node:child_process";
import { globSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { beginApp } from "../packages/functions-host/src/core.ts";
import { createLog } from "../packages/functions-host/src/log.ts";

// Before anything requires @azure/functions; otherwise it warns for each function that there is no host.
beginApp(createLog({ filter: { default: "none" } }));
const { documentsOf, everyRoute, queryOf } = await import("../src/functions/openapi.ts");

const root = dirname(import.meta.dirname);
const file = join(root, "clients/routes.ts");

/** Where the domain exports each schema, and the type of the same name. */
const exported = new Map<unknown, { readonly address: string; readonly name: string }>();
for (const name of globSync("src/domain/{documents,operation}/*.ts", { cwd: root }).toSorted()) {
  const address = relative(dirname(file), join(root, name)).replaceAll("\\", "/");
  for (const [key, value] of Object.entries(await import(join(root, name))))
    exported.set(value, { address, name: key });
}
const used = new Map<string, Set<string>>();

const entries = everyRoute.map((route) => {
  const documents = Object.entries(documentsOf(route)).flatMap(([status, schema]) => {
    const found = exported.get(schema);
    if (!found) return [];
    const { address, name } = found;
    used.set(address, (used.get(address) ?? new Set()).add(name));
    return [`${status}: load<${name}>(async () => (await import("${address}")).${name})`];
  });
  const query = queryOf(route).map((name) => JSON.stringify(name));
  return `${JSON.stringify(`${route.method} ${route.at.path}`)}: { query: [${query}], documents: { ${documents} } }`;
});
const imports = [...used].map(
  ([address, names]) => `import type { ${[...names].toSorted().join(", ")} } from "${address}";`,
);
const text = `/** The query parameters of each route, and the documents that it answers with: written by tools/writeRoutes.ts. */
import { load } from "./load.ts";
${imports.join("\n")}

export const routes = { ${entries} } as const;
`;
const biome = [join(root, "tools/run.mjs"), "biome", "check", "--write", `--stdin-file-path=${file}`];
const { status, stdout, stderr } = spawnSync(process.execPath, biome, { cwd: root, input: text, encoding: "utf8" });
if (status !== 0) throw new Error(stderr);
writeFileSync(file, stdout);
