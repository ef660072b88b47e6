/** The workload on all simulated wires together: it reads its table exactly when all of them agree. */
import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { drivers } from "../../../clients/drivers.ts";
import { startArm } from "../../../packages/azure-sim/src/arm/index.ts";
import { type EntraSimulator, startEntra } from "../../../packages/azure-sim/src/entra/index.ts";
import { type NodeIdentity, startNodeIdentity } from "../../../packages/azure-sim/src/nodeIdentity/index.ts";
import type { Simulator, SimulatorContext } from "../../../packages/azure-sim/src/simulator.ts";
import { type SqlSimulator, startSql } from "../../../packages/azure-sim/src/sql/index.ts";
import {
  addMooring,
  addSqlServer,
  armScope,
  credentialOf,
  group,
} from "../../../packages/azure-sim/test/arm/fixture.ts";
import { addCluster, createContext, tokenAudience } from "../../../packages/azure-sim/test/entra/fixture.ts";
import { type ClusterServer, startCluster } from "../../../packages/kube-sim/src/cluster/index.ts";
import { type Kubelet, startKubelet } from "../../../packages/kube-sim/src/kubelet/index.ts";
import { createArm } from "../../../src/adapters/arm/index.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import type { ManagedIdentity } from "../../../src/ports/identities.ts";
import { sayNotRun } from "../../support/notRun.ts";

const subject = "system:serviceaccount:team-a:app";
const rows = "1\tThe ship is moored.\n2\tNo secret was needed.\n";
const texts = "The ship is moored.\nNo secret was needed.\n";
/** Below the checkout, so that the lines find its packages. */
const programs = join(process.cwd(), "node_modules/.cache/mooring-logins");
const hasPython = spawnSync("python3", ["-c", "import mssql_python, azure.identity"], { stdio: "ignore" }).status === 0;
if (!hasPython) sayNotRun("Python's lines of docs/drivers.md did not log in: pip install mssql-python azure-identity");

let context: SimulatorContext;
let arm: Simulator;
let entra: EntraSimulator;
let cluster: ClusterServer;
let sql: SqlSimulator;
let nodeIdentity: NodeIdentity;
let kubelet: Kubelet;
let azure: ReturnType<typeof createArm>;

beforeAll(async () => {
  await writePrograms();
  context = await createContext();
  const mooring = addMooring(context.world);
  addSqlServer(context.world, { entraAdmin: { login: "mooring", objectId: mooring.principalId } });
  await addCluster(context.world, "aks-dev");
  arm = await startArm(context);
  entra = await startEntra(context);
  cluster = await startCluster(context, { cluster: "aks-dev", authorityHost: entra.authorityHost });
  sql = await startSql(context, { server: "sql-dev" });
  nodeIdentity = startNodeIdentity(context, {
    assignedIdentities: async () => await cluster.objects.list("aadpodidentity.k8s.io/v1", "AzureAssignedIdentity"),
  });
  kubelet = startKubelet({
    cluster: "aks-dev",
    url: cluster.url,
    ca: context.tls.certificate,
    adminToken: cluster.adminToken,
    nodeIdentity,
    images: {
      "message-app": { command: process.execPath, args: [join(process.cwd(), "samples/message-app/main.ts")] },
      node: { command: process.execPath, args: [join(programs, "login.mjs")] },
      python: { command: "python3", args: [join(programs, "login.py")] },
    },
  });
  azure = createArm({
    credential: credentialOf(context.world, mooring),
    endpoint: arm.url,
    scope: armScope,
    identityWriteIntervalMs: 0,
  });
  await sql.database("orders").runScript(
    `CREATE TABLE messagelist (id int NOT NULL, message_text nvarchar(200) NOT NULL);
     INSERT INTO messagelist (id, message_text) VALUES (1, N'The ship is moored.'), (2, N'No secret was needed.');`,
  );
  await apply("/api/v1/namespaces", { metadata: { name: "team-a" } });
  await apply("/api/v1/namespaces/team-a/configmaps", {
    metadata: { name: "mooring-databases" },
    data: { SERVER_NAME: `localhost,${sql.port}`, DATABASE_NAME: "orders" },
  });
});

afterEach(async () => {
  for (const { metadata } of await cluster.objects.list("v1", "Pod")) {
    await send("DELETE", `/api/v1/namespaces/team-a/pods/${metadata.name}`);
  }
});

afterAll(async () => {
  await kubelet.close();
  await Promise.all([arm, entra, cluster, sql, nodeIdentity].map((each) => each.close()));
});

function send(method: string, path: string, body?: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${cluster.adminToken}`, "content-type": "application/json" };
    request(new URL(path, cluster.url), { method, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => ((answer.statusCode ?? 500) < 300 ? resolve() : reject(new Error(`${method} ${path}`))));
    })
      .on("error", reject)
      .end(body && JSON.stringify(body));
  });
}

function apply(path: string, object: object): Promise<void> {
  return send("POST", path, object);
}

interface Ended {
  readonly exitCode: unknown;
  readonly log: string;
}

/** Runs the lines of each language that this machine has in place of the sample. */
async function logIn(manifest: string): Promise<Readonly<Record<string, Ended>>> {
  const logins: Record<string, Ended> = {};
  for (const language of ["node", ...(hasPython ? ["python"] : [])]) logins[language] = await run(manifest, language);
  return logins;
}

/** Applies a manifest of the sample as a user would, and waits until the pod ends. */
async function run(manifest: string, image = "message-app"): Promise<Ended> {
  const text = await readFile(`samples/message-app/${manifest}`, "utf8");
  const pod: { metadata: { name: string } } = parse(text.replace("image: message-app", `image: ${image}`));
  const { name } = pod.metadata;
  await apply("/api/v1/namespaces/team-a/pods", pod);
  let exitCode: unknown;
  await expect
    .poll(
      async () => {
        const status = JSON.stringify((await cluster.objects.get("v1", "Pod", name, "team-a"))?.["status"] ?? {});
        exitCode = JSON.parse(/"exitCode":(\d+)/.exec(status)?.[1] ?? "null");
        return exitCode;
      },
      { interval: 50 },
    )
    .not.toBeNull();
  const log = kubelet.log({ namespace: "team-a", name }) ?? "";
  await send("DELETE", `/api/v1/namespaces/team-a/pods/${name}`);
  return { exitCode, log };
}

function createIdentity(name: string): Promise<ManagedIdentity> {
  const ref = { subscriptionId: context.world.subscriptionId, resourceGroup: group, name };
  return azure.identities.put(ref, { location: "westeurope", tags: {} });
}

/** The lines of docs/drivers.md, each with a query after them. */
async function writePrograms(): Promise<void> {
  await mkdir(programs, { recursive: true });
  const { node, python } = drivers.sqlDatabase.logins;
  const query = "SELECT message_text FROM messagelist ORDER BY id";
  const inNode = `const { recordset } = await pool.query("${query}");
for (const { message_text } of recordset) console.log(message_text);
await pool.close();\n`;
  await writeFile(join(programs, "login.mjs"), `${node.lines}\n${inNode}`);
  // The sandbox's authority, which no machine trusts.
  const trust = `import os\nfor name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
    os.environ[name] = os.environ["NODE_EXTRA_CA_CERTS"]\n`;
  const inPython = `for row in database.cursor().execute("${query}").fetchall():\n    print(row[0])\n`;
  await writeFile(join(programs, "login.py"), `${trust}${python.lines}\n${inPython}`);
}

async function createUser({ name, clientId }: ManagedIdentity): Promise<void> {
  await sql.database("orders").runScript(`CREATE USER [${name}] WITH SID = ${sidFromClientId(clientId)}, TYPE = E;`);
}

test("a federated service account reads its table once federation, user and role exist, and not before", async () => {
  const manifest = "pod.workload-identity.yaml";
  const ref = { subscriptionId: context.world.subscriptionId, resourceGroup: group, name: "mooring-a" };
  const identity = await createIdentity("mooring-a");
  await apply("/api/v1/namespaces/team-a/serviceaccounts", {
    metadata: { name: "app", annotations: { "azure.workload.identity/client-id": identity.clientId } },
  });

  const unfederated = await run(manifest);
  const issuer = context.world.clusters.get("aks-dev")?.oidcIssuer ?? "";
  await azure.identities.putFederatedCredential(ref, { name: "app", issuer, subject, audiences: [tokenAudience] });
  const unknown = await run(manifest);
  await createUser(identity);
  const powerless = await run(manifest);
  await sql.database("orders").runScript("ALTER ROLE db_datareader ADD MEMBER [mooring-a];");
  const reader = await run(manifest);
  const logins = await logIn(manifest);
  await azure.identities.removeFederatedCredential(ref, "app");
  const retired = await run(manifest);

  expect(unfederated).toMatchObject({ exitCode: 3, log: expect.stringMatching(/AADSTS700211/) });
  expect(unknown).toMatchObject({ exitCode: 4, log: expect.stringMatching(/^Not let in to database "orders".*\n$/) });
  expect(powerless).toMatchObject({
    exitCode: 5,
    log: expect.stringMatching(/^May not read in database "orders".*SELECT permission was denied.*messagelist.*\n$/),
  });
  expect(reader).toEqual({ exitCode: 0, log: rows });
  for (const [language, login] of Object.entries(logins)) expect(login, language).toEqual({ exitCode: 0, log: texts });
  expect(retired).toMatchObject({ exitCode: 3 });
});

test("a pod with an aad-pod-identity binding reads its table, and one without has no identity", async () => {
  const manifest = "pod.pod-identity.yaml";
  const identity = await createIdentity("mooring-b");
  await createUser(identity);
  await sql.database("orders").runScript("ALTER ROLE db_datareader ADD MEMBER [mooring-b];");

  const unbound = await run(manifest);
  const groupPath = "/apis/aadpodidentity.k8s.io/v1/namespaces/team-a";
  await apply(`${groupPath}/azureidentities`, {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureIdentity",
    metadata: { name: "mooring-b", annotations: { "aadpodidentity.k8s.io/Behavior": "namespaced" } },
    spec: { type: 0, resourceID: identity.id, clientID: identity.clientId },
  });
  await apply(`${groupPath}/azureidentitybindings`, {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureIdentityBinding",
    metadata: { name: "mooring-b-binding" },
    spec: { azureIdentity: "mooring-b", selector: "team-a" },
  });
  const bound = await run(manifest);

  expect(unbound).toMatchObject({
    exitCode: 3,
    log: expect.stringMatching(/^No token for the database: the node gave this pod none; .+\n$/),
  });
  expect(bound).toEqual({ exitCode: 0, log: rows });
  for (const [language, login] of Object.entries(await logIn(manifest)))
    expect(login, language).toEqual({ exitCode: 0, log: texts });
});
