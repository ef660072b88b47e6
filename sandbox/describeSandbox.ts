/** What `npm start` prints: where everything is, and commands that can be pasted from the checkout's folder. */
import { styleText } from "node:util";
import { parse } from "yaml";
import { Catalog } from "../src/domain/catalog/catalog.ts";
import type { Cloud } from "./cloud.ts";
import { printEnvironment } from "./control/environment.ts";
import type { Person } from "./people.ts";
import type { Sandbox } from "./sandbox.ts";

type Suggestion = readonly [title: string, ...commands: string[]];

const mooring = (words: string) => `npx mooring ${words}`;

export function describeSandbox(
  sandbox: Sandbox,
  { verbose, isUsual, tracesUrl }: { verbose: boolean; isUsual: boolean; tracesUrl: string | undefined },
): string {
  const { url, cloud } = sandbox;
  const suggestions: readonly Suggestion[] = [
    ...(new URL(url).port === "7071"
      ? []
      : [["Point the commands below at it.", `export MOORING_SERVER=${url}`] as const]),
    ...(cloud.people.length > 0 ? withPeople(cloud) : isUsual ? withExamples(sandbox) : withCatalog(cloud)),
    [
      "Look into the simulated cloud, and break it (docs/sandbox.md).",
      mooring("sandbox cloud"),
      mooring("sandbox journal"),
    ],
    ["See what else it can do, and all routes as OpenAPI.", mooring("--help"), `curl -s ${url}/api/openapi.json`],
    ...Object.entries(sandbox.kubeconfigs).map(
      ([name, file]): Suggestion => [
        `Look into the simulated cluster ${name}, where kubectl is installed.`,
        `kubectl --kubeconfig ${file} get ns,sa,cm -A`,
      ],
    ),
  ];
  const tried = suggestions.flatMap(([title, ...commands]) => [
    "",
    title,
    ...commands.map((each) => `  ${styleText("cyan", each)}`),
  ]);
  return `${[
    "",
    `${styleText("bold", "Mooring is running at")} ${styleText("green", url)}`,
    `${styleText("bold", "The dashboard is at")}   ${styleText("green", `${url}/dashboard`)}`,
    ...(sandbox.key === undefined ? [] : [`  sign in there with the operator's key: ${sandbox.key}`]),
    "",
    ...(tracesUrl === undefined ? [] : [`Traces are kept at ${tracesUrl}, and each status links to its own.`, ""]),
    "What requests may name:",
    ...describeCatalog(Catalog.parse(parse(cloud.catalog))).map((line) => `  ${line}`),
    ...describePeople(cloud),
    "",
    styleText("bold", "Try it, from another terminal in this folder:"),
    ...tried,
    "",
    styleText(
      "bold",
      "For any other client of the simulated cloud (sandbox/README.md; pick an identity by client id):",
    ),
    ...printEnvironment(sandbox).map((line) => `  ${line}`),
    "",
    `${verbose ? "Everything that the service logs" : "Warnings of the service"} appear${verbose ? "s" : ""} below${verbose ? "" : "; --verbose shows everything"}.`,
    "Ctrl-C ends everything. Nothing is kept.",
    "",
  ].join("\n")}\n`;
}

/** With the usual catalog, where anyone may do anything. */
function withExamples({ kubeconfig }: Sandbox): readonly Suggestion[] {
  return [
    ["What would happen? A plan writes nothing.", mooring("plan -f examples/team-a.workload-identity.json")],
    [
      "Onboard team-a, and see what there is.",
      mooring("onboard -f examples/team-a.workload-identity.json --wait"),
      mooring("list"),
    ],
    [
      "Let the app in it read its table.",
      `node tools/run.mjs sandbox/runWorkload.ts --kubeconfig ${kubeconfig} team-a`,
    ],
    ["Send a request with mistakes; the answer names each of them.", mooring("onboard -f examples/bad-request.json")],
    ["Remove everything again.", mooring("offboard aks-dev/team-a --wait")],
  ];
}

/** With the operator's own catalog, without authentication. */
function withCatalog({ world }: Cloud): readonly Suggestion[] {
  const [cluster = ""] = world.clusters.keys();
  const [[server, { databases }] = ["", { databases: new Set<string>() }]] = world.sqlServers;
  const [database = ""] = databases;
  return [
    [
      "What would happen? A plan writes nothing.",
      mooring(`plan ${cluster}/team-a --database ${server}/${database}=reader`),
    ],
  ];
}

function describePeople({ people }: Cloud): readonly string[] {
  if (people.length === 0) return [];
  const rows = people.map(({ name, oid, roles, teams }) => {
    const where = teams.length === 0 ? "in no team" : `in ${teams.join(" and ")}`;
    return `  ${name.padEnd(9)} ${oid}  ${where}, ${roles.join(" and ")}`;
  });
  return ["", "Who may call, with a token that is valid for an hour (mooring sandbox token NAME):", ...rows];
}

function withPeople({ fourEyes }: Cloud): readonly Suggestion[] {
  const become = (name: Person["name"]) => `export MOORING_TOKEN=$(${mooring(`sandbox token ${name}`)})`;
  if (fourEyes === undefined) {
    return [
      [
        "Choose a person. Nothing in this catalog needs approval (docs/callers.md).",
        become("operator"),
        mooring("catalog"),
      ],
    ];
  }
  const { fullName, database, identityMode, expiresAfter } = fourEyes;
  const mode = identityMode === "workloadIdentity" ? "" : ` --identity-mode ${identityMode}`;
  const end = expiresAfter === undefined ? "" : ` --expires-after ${expiresAfter}`;
  return [
    [
      "Four eyes: the requester asks, and someone else has to approve.",
      become("requester"),
      mooring(`onboard ${fullName} --database ${database}${mode}${end}`),
      mooring("list operations --phase awaitingApproval"),
    ],
    [
      "The approver sees what is waiting, and approves or rejects it.",
      become("approver"),
      mooring("approvals"),
      `${mooring("approve")} "$(${mooring("approvals --limit 1 -o name")})" --wait`,
    ],
    ["The operator sees everything.", become("operator"), mooring(`status ${fullName}`), mooring("audit")],
  ];
}

function describeCatalog({ clusters, sqlServers, targets, profiles }: Catalog): string[] {
  const rows = [
    ...Object.entries(clusters).map(([alias, { identityModes }]) => ["cluster", alias, identityModes.join(", ")]),
    ...Object.entries(sqlServers).flatMap(([alias, { databases }]) =>
      Object.entries(databases).map(([name, { roles }]) => ["database", `${alias}/${name}`, roles.join(", ")]),
    ),
    ...Object.entries(targets).map(([alias, { kind, access }]) => [kind, alias, access.join(", ")]),
    ...Object.entries(profiles).map(([name, { description = "" }]) => ["profile", name, description]),
  ];
  const width = Math.max(...rows.map(([kind = ""]) => kind.length));
  return rows.map(([kind = "", name = "", allowed]) => `${kind.padEnd(width)} ${name.padEnd(18)} ${allowed}`.trimEnd());
}
