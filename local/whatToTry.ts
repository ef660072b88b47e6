/** What `npm start` prints: where everything is, and commands that can be pasted from the checkout's folder. */
import { styleText } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { describeEndpoints } from "./endpoints.ts";
import type { Sandbox } from "./sandbox.ts";

export function describeSandbox(
  sandbox: Sandbox,
  { verbose, tracesUrl }: { verbose: boolean; tracesUrl: string | undefined },
): string {
  const { url, cloud, kubeconfig } = sandbox;
  const isUsual = new URL(url).port === "7071";
  const mooring = (words: string) => `npx mooring ${words}`;
  const suggestions: [string, ...string[]][] = [
    ...(isUsual ? [] : [["Where it is, for the commands below.", `export MOORING_SERVER=${url}`] as [string, string]]),
    ["What would happen? A plan writes nothing.", mooring("plan -f examples/team-a.workload-identity.json")],
    [
      "Onboard team-a, and see what there is.",
      mooring("onboard -f examples/team-a.workload-identity.json --wait"),
      mooring("list"),
    ],
    ["Let the app in it read its table.", `node tools/run.mjs local/runWorkload.ts --kubeconfig ${kubeconfig} team-a`],
    ["A request with mistakes is told each of them.", mooring("onboard -f examples/bad-request.json")],
    ["Take everything away again.", mooring("offboard aks-dev/team-a --wait")],
    ["What else it can do; all routes, as OpenAPI.", mooring("--help"), `curl -s ${url}/api/openapi.json`],
    [
      "Look into the simulated cluster, where kubectl is installed.",
      `kubectl --kubeconfig ${kubeconfig} get ns,sa,cm -A`,
    ],
  ];
  const tried = suggestions.flatMap(([title, ...commands]) => [
    "",
    title,
    ...commands.map((each) => `  ${styleText("cyan", each)}`),
  ]);
  return `${[
    "",
    `${styleText("bold", "Mooring is running at")} ${styleText("green", url)}`,
    "",
    ...(tracesUrl === undefined ? [] : [`Traces are kept at ${tracesUrl}, and linked to from each status.`, ""]),
    "What requests may name:",
    ...describeCatalog(Catalog.parse(parse(cloud.catalog))).map((line) => `  ${line}`),
    "",
    styleText("bold", "Try it, from another terminal in this folder:"),
    ...tried,
    "",
    styleText("bold", "For any other client of the simulated cloud (docs/sandbox.md; who one may be is by client id):"),
    ...describeEndpoints(sandbox).map((line) => `  ${line}`),
    "",
    `${verbose ? "Everything that the service logs" : "Warnings of the service"} appear${verbose ? "s" : ""} below${verbose ? "" : "; all that it logs with --verbose"}.`,
    "Ctrl-C ends everything. Nothing is kept.",
    "",
  ].join("\n")}\n`;
}

const Catalog = z.object({
  clusters: z.record(z.string(), z.object({ identityModes: z.array(z.string()) })),
  sqlServers: z.record(
    z.string(),
    z.object({ databases: z.record(z.string(), z.object({ roles: z.array(z.string()) })) }),
  ),
});

function describeCatalog({ clusters, sqlServers }: z.infer<typeof Catalog>): string[] {
  const rows = [
    ...Object.entries(clusters).map(([alias, { identityModes }]) => ["cluster", alias, identityModes.join(", ")]),
    ...Object.entries(sqlServers).flatMap(([alias, { databases }]) =>
      Object.entries(databases).map(([name, { roles }]) => ["database", `${alias}/${name}`, roles.join(", ")]),
    ),
  ];
  return rows.map(([kind = "", name = "", allowed]) => `${kind.padEnd(9)} ${name.padEnd(18)} ${allowed}`);
}
