/**
 * An onboarding with Mooring, and with the script that a person would run with az, kubectl and tsql, on the same simulated cloud;
 * see README.md beside this file.
 *
 *   node tools/run.mjs bench/byHand/main.ts --latency 500 --runs 3
 */
import { execFile, execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { names } from "../../sandbox/cloud.ts";
import { describeEnvironment } from "../../sandbox/control/environment.ts";
import { startSandbox } from "../../sandbox/sandbox.ts";
import { databases, onboard } from "../onboarding/measure.ts";
import { quantile } from "../quantile.ts";

const { values } = parseArgs({
  options: {
    /** Milliseconds for every simulated call. */
    latency: { type: "string", default: "500" },
    runs: { type: "string", default: "3" },
  },
});

for (const tool of ["az", "kubectl", "tsql"]) {
  try {
    execFileSync("which", [tool]);
  } catch {
    console.error(`${tool} is not on the PATH. Debian has azure-cli, freetds-bin and kubernetes-client (or kubectl).`);
    process.exit(1);
  }
}

const sandbox = await startSandbox({ databases: databases.slice(0, 20), logLevel: "warning" });
const { variables } = describeEnvironment(sandbox);
const env = { ...process.env, ...variables };

/** Returns what the command printed. */
function run(command: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, [...args], { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(" ")}: ${stderr || stdout}`));
      else resolve(stdout);
    });
    child.stdin?.end(input);
  });
}

await run("az", ["cloud", "register", "--name", "sandbox", "--endpoint-resource-manager", sandbox.cloud.arm.url]);
await run("az", ["cloud", "set", "--name", "sandbox"]);
await run("az", ["login", "--identity"]);

// The script creates identities in the same place as Mooring.
const first = await onboard(sandbox, "first", 1);
const [made] = sandbox.cloud.world.identities.values();
if (!made) throw new Error(`operation ${first.operation} made no identity`);
const { resourceGroup: group, location } = made;

async function put(path: string, version: string, body: object): Promise<string> {
  const url = `${sandbox.cloud.arm.url}${path}?api-version=${version}`;
  const resource = "https://management.azure.com";
  return await run("az", [
    "rest",
    "--method",
    "put",
    "--url",
    url,
    "--resource",
    resource,
    "--body",
    JSON.stringify(body),
  ]);
}

function sidOf(clientId: string): string {
  const [a = "", b = "", c = "", d = "", e = ""] = clientId.split("-");
  const reversed = (hex: string) => hex.match(/../g)?.toReversed().join("") ?? "";
  return `0x${reversed(a)}${reversed(b)}${reversed(c)}${d}${e}`;
}

/** Five calls of az, three of kubectl, and one of tsql for each database, one after the other. */
async function byHand(namespace: string, count: number): Promise<void> {
  const name = `by-hand-${namespace}`;
  const id = `/subscriptions/${sandbox.cloud.world.subscriptionId}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  await put(id, "2023-01-31", { location });
  const shown = await run("az", ["identity", "show", "--name", name, "--resource-group", group, "--output", "json"]);
  const { clientId } = JSON.parse(shown) as { clientId: string };
  const discovery = await run("kubectl", ["get", "--raw", "/.well-known/openid-configuration"]);
  const { issuer } = JSON.parse(discovery) as { issuer: string };
  const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await run("kubectl", ["apply", "--validate=false", "-f", "-"], JSON.stringify(own));
  const annotations = { "azure.workload.identity/client-id": clientId };
  const metadata = { namespace };
  const objects = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { ...metadata, name: "app", annotations } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { ...metadata, name: "sql" },
      data: { SERVER_NAME: names.sqlServer },
    },
  ];
  await run(
    "kubectl",
    ["apply", "--validate=false", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
  );
  const credential = {
    issuer,
    subject: `system:serviceaccount:${namespace}:app`,
    audiences: ["api://AzureADTokenExchange"],
  };
  await put(`${id}/federatedIdentityCredentials/app`, "2023-01-31", { properties: credential });
  await run("az", ["identity", "federated-credential", "list", "--identity-name", name, "--resource-group", group]);
  const [sqlServer] = sandbox.cloud.world.sqlServers.values();
  const sqlGroup = sqlServer?.resourceGroup ?? "";
  await run("az", ["sql", "server", "ad-admin", "list", "--server", names.sqlServer, "--resource-group", sqlGroup]);
  const { user, password } = sandbox.cloud.sqlLogin;
  for (const database of databases.slice(0, count)) {
    const script = `CREATE USER [${name}] WITH SID = ${sidOf(clientId)}, TYPE = E\nALTER ROLE [db_datareader] ADD MEMBER [${name}]\nGO\n`;
    await run("tsql", ["-S", names.sqlServer, "-D", database, "-U", user, "-P", password], script);
    const users = sandbox.cloud.sql.database(database).users();
    if (!users.some((each) => each.name === name && each.roles.includes("db_datareader")))
      throw new Error(`the script made no user in ${database}`);
  }
}

sandbox.cloud.faults.latencyMs = Number(values.latency);
console.log(`${values.latency} ms a call, ${values.runs} runs each`);
console.log("databases  by hand p50  Mooring p50  times faster");
for (const count of [2, 20]) {
  const hand: number[] = [];
  const mooring: number[] = [];
  for (let each = 0; each < Number(values.runs); each += 1) {
    const begun = performance.now();
    await byHand(`h${count}-${each}`, count);
    hand.push(performance.now() - begun);
    mooring.push((await onboard(sandbox, `m${count}-${each}`, count)).totalMs);
  }
  const [slow, fast] = [quantile(hand, 0.5) / 1_000, quantile(mooring, 0.5) / 1_000];
  console.log(
    `${String(count).padEnd(11)}${`${slow.toFixed(2)} s`.padEnd(13)}${`${fast.toFixed(2)} s`.padEnd(13)}${(slow / fast).toFixed(1)}`,
  );
}
await sandbox.close();
