/** The command that starts everything, met by a program with nothing but the environment that it prints. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const folder = `${import.meta.dirname}/..`;
let command: ChildProcess;
const environment: Record<string, string> = {};

beforeAll(async () => {
  const child = spawn(process.execPath, ["main.ts"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  command = child;
  for await (const line of createInterface({ input: child.stdout })) {
    const [name = "", value = ""] = line.split(/=(.*)/s);
    environment[name] = value;
    // The last.
    if (name === "NODE_EXTRA_CA_CERTS") break;
  }
});
afterAll(async () => {
  command.kill("SIGTERM");
  if (command.exitCode === null) await once(command, "exit");
});

/** Runs a module in the package's folder, with `credential` at hand, and returns what it prints. */
async function run(code: string): Promise<string> {
  const whole = `
    import { ManagedIdentityCredential } from "@azure/identity";
    const credential = new ManagedIdentityCredential();
    const { env } = process;
    ${code}`;
  const { PATH, HOME } = process.env;
  const args = ["--input-type=module", "--eval", whole];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    ...{ cwd: folder, env: { PATH, HOME, ...environment } },
  });
  return stdout.trim();
}

it("lets Azure's SDK make an identity, and shows it", async () => {
  const said = await run(`
    import { ManagedServiceIdentityClient } from "@azure/arm-msi";
    const options = { endpoint: env.ARM_ENDPOINT, credentialScopes: "https://management.azure.com/.default" };
    const { userAssignedIdentities } = new ManagedServiceIdentityClient(credential, env.AZURE_SUBSCRIPTION_ID, options);
    await userAssignedIdentities.createOrUpdate("rg-sim", "id-app", { location: "westeurope" });
    for await (const { name } of userAssignedIdentities.listByResourceGroup("rg-sim")) console.log(name);`);

  expect(said).toBe("id-app");
});

it("lets the driver log in to the database with a token", async () => {
  const said = await run(`
    import sql from "mssql";
    const [server, port] = env.SQL_SERVER.split(",");
    const { token } = await credential.getToken("https://database.windows.net/.default");
    const pool = await sql.connect({
      ...{ server, port: Number(port), database: "orders", options: { encrypt: true } },
      authentication: { type: "azure-active-directory-access-token", options: { token } },
    });
    console.log((await pool.request().query("SELECT DB_NAME() AS name")).recordset[0].name);
    await pool.close();`);

  expect(said).toBe("orders");
});

it("passes a message on", async () => {
  const said = await run(`
    import { ServiceBusClient } from "@azure/service-bus";
    const options = { customEndpointAddress: env.SERVICE_BUS_ENDPOINT };
    const client = new ServiceBusClient(env.SERVICE_BUS_NAMESPACE, credential, options);
    await client.createSender("orders").sendMessages({ body: "hello" });
    const [message] = await client.createReceiver("orders").receiveMessages(1);
    console.log(message.body);
    await client.close();`);

  expect(said).toBe("hello");
});

it.each([
  ["STORAGE_BLOB_ENDPOINT", "/uploads?restype=container&comp=list", "https://storage.azure.com"],
  ["STORAGE_QUEUE_ENDPOINT", "/jobs/messages?peekonly=true", "https://storage.azure.com"],
  ["KEY_VAULT_ENDPOINT", "/secrets/greeting?api-version=7.4", "https://vault.azure.net"],
  ["APP_CONFIGURATION_ENDPOINT", "/keys?api-version=1.0", "https://azconfig.io"],
  ["OPENAI_ENDPOINT", "/openai/models?api-version=2024-10-21", "https://cognitiveservices.azure.com"],
])("lets the owner read at %s", async (name, path, audience) => {
  const said = await run(`
    const { token } = await credential.getToken("${audience}/.default");
    const { status } = await fetch(env.${name} + "${path}", { headers: { authorization: "Bearer " + token } });
    console.log(status);`);

  expect(said).toBe("200");
});
