/** `npm run azure -- <command>`: what a deployment needs in addition to the template. docs/deploy.md says when. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { z } from "zod";
import { loadCatalog } from "../src/catalog.ts";
import { messageOf } from "../src/domain/messageOf.ts";
import { az } from "./azure/az.ts";
import { findProblems } from "./azure/check.ts";
import { authEntry, ensureApplication } from "./azure/entraApplication.ts";
import { grant } from "./azure/grant.ts";
import { runScript } from "./azure/grantDatabase.ts";
import { helm, installPodIdentity, warning } from "./azure/podIdentity.ts";
import { writeCatalog, writeEntries } from "./azure/writeCatalog.ts";

const usage = `usage: npm run azure -- <command>

  entra [--name <name>] [--redirect <url> …] [--groups ApplicationGroup|SecurityGroup]
      creates or updates Mooring's application in Microsoft Entra, and prints the auth entry for mooring.yaml
  catalog --audience <client id> --cluster <resource id> … --sql <resource id> … [--pod-identity]
      prints mooring.yaml for existing clusters and SQL servers
  check
      reports what would stop a deployment of mooring.yaml, before anything is created
  grant
      gives Mooring's identity its ClusterRole and its database users, or prints how to do it by hand
  pod-identity --cluster <resource id>
      installs the last chart of aad-pod-identity in a cluster for trying a migration, or prints how to do it by hand
  sample
      installs aad-pod-identity if infra/sample was asked for it, and prints the catalog entries of the sample
  sql --host <server> --database <database> <file>
      runs T-SQL from a file, with the login of the Azure CLI
`;

const root = dirname(import.meta.dirname);
const mooringYaml = () => loadCatalog(join(root, "mooring.yaml"));

/** Wrong usage: exit code 64 of sysexits.h. Other errors end with 78: the caller has to fix something. */
class UsageError extends Error {}

const commands: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  async entra(args) {
    const { values } = parseArgs({
      args,
      options: {
        name: { type: "string", default: "Mooring" },
        redirect: { type: "string", multiple: true, default: [] },
        groups: { type: "string", default: "ApplicationGroup" },
      },
    });
    const groups = z.enum(["ApplicationGroup", "SecurityGroup"]).safeParse(values.groups);
    if (!groups.success) throw new UsageError(`--groups is "${values.groups}"`);
    const made = await ensureApplication(az, { name: values.name, redirectUris: values.redirect, groups: groups.data });
    console.error(`${made.isNew ? "Created" : "Updated"} the application ${values.name}. For mooring.yaml:`);
    console.log(stringify(authEntry(made)));
    return 0;
  },

  async catalog(args) {
    const { values } = parseArgs({
      args,
      options: {
        audience: { type: "string" },
        cluster: { type: "string", multiple: true, default: [] },
        sql: { type: "string", multiple: true, default: [] },
        "pod-identity": { type: "boolean", default: false },
      },
    });
    if (values.audience === undefined) throw new UsageError("--audience is needed; npm run azure -- entra prints it");
    const { audience, cluster: clusters, sql: sqlServers, "pod-identity": podIdentity } = values;
    console.log(await writeCatalog(az, { audience, clusters, sqlServers, podIdentity }));
    return 0;
  },

  async check() {
    const problems = await findProblems(az, { catalog: mooringYaml(), environment: process.env });
    for (const problem of problems) console.error(`✗ ${problem}\n`);
    if (problems.length > 0) console.error("Nothing was created.");
    return problems.length > 0 ? 78 : 0;
  },

  async grant() {
    const identity = z
      .object({
        MOORING_IDENTITY_NAME: z.string(),
        MOORING_IDENTITY_CLIENT_ID: z.guid(),
        MOORING_IDENTITY_PRINCIPAL_ID: z.guid(),
      })
      .safeParse(process.env);
    if (!identity.success)
      throw new UsageError('MOORING_IDENTITY_… is not set. Run: eval "$(azd env get-values | sed "s/^/export /")"');
    const { MOORING_IDENTITY_NAME: name, ...ids } = identity.data;
    const { MOORING_IDENTITY_CLIENT_ID: clientId, MOORING_IDENTITY_PRINCIPAL_ID: principalId } = ids;
    for await (const { what, outcome, byHand } of grant(az, {
      catalog: mooringYaml(),
      identity: { name, clientId, principalId },
    })) {
      console.error(`${byHand === undefined ? "✓" : "✗"} ${what}: ${outcome}`);
      if (byHand !== undefined) console.error(`\n  By hand:\n${byHand.replace(/^/gm, "    ")}\n`);
    }
    // A failed grant is not an error: someone else may have to do it.
    return 0;
  },

  async "pod-identity"(args) {
    const { values } = parseArgs({ args, options: { cluster: { type: "string" } } });
    if (values.cluster === undefined)
      throw new UsageError("--cluster is needed: az aks show --resource-group <group> --name <cluster> --query id");
    return await addPodIdentity(values.cluster);
  },

  async sample() {
    const made = Sample.safeParse(process.env);
    if (!made.success) {
      throw new UsageError(
        'SAMPLE_… is not set; azd provision in infra/sample sets it. By hand: eval "$(azd env get-values | sed "s/^/export /")"',
      );
    }
    const { SAMPLE_CLUSTER_ID: cluster, SAMPLE_SQL_SERVER_ID: sqlServer, SAMPLE_POD_IDENTITY: podIdentity } = made.data;
    // If the installation fails, this prints the command for it; the provisioning has not failed.
    if (podIdentity) await addPodIdentity(cluster);
    console.error("The catalog entries of the sample; npm run azure -- catalog prints a whole catalog:");
    console.log(await writeEntries(az, { clusters: [cluster], sqlServers: [sqlServer], podIdentity }));
    return 0;
  },

  async sql(args) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { host: { type: "string" }, database: { type: "string" } },
    });
    const [file] = positionals;
    if (values.host === undefined || values.database === undefined || file === undefined)
      throw new UsageError("--host, --database and a file are needed");
    const { accessToken: token } = z
      .object({ accessToken: z.string() })
      .parse(await az("account", "get-access-token", "--resource", "https://database.windows.net/"));
    const login = { host: values.host, port: 1433, database: values.database, token };
    await runScript(login, await readFile(file, "utf8"));
    console.error(`${file} ran in ${values.database} on ${values.host}`);
    return 0;
  },
};

const Sample = z.object({
  SAMPLE_CLUSTER_ID: z.string(),
  SAMPLE_SQL_SERVER_ID: z.string(),
  SAMPLE_POD_IDENTITY: z
    .enum(["true", "false"])
    .default("false")
    .transform((value) => value === "true"),
});

async function addPodIdentity(cluster: string): Promise<number> {
  console.error(`Warning: ${warning}`);
  try {
    await installPodIdentity(az, cluster);
    console.error("✓ aad-pod-identity is installed");
    return 0;
  } catch (error) {
    const said = messageOf(error);
    console.error(`✗ aad-pod-identity: ${said}\n\n  By hand, as an administrator of the cluster:\n    ${helm}\n`);
    return 78;
  }
}

const words = process.argv.slice(2);
if (words.includes("--help") || words.includes("-h")) {
  console.log(usage.trimEnd());
  process.exit(0);
}
const [name = "", ...args] = words;
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
try {
  if (command === undefined) throw new UsageError(name === "" ? "no command" : `no command "${name}"`);
  process.exitCode = await command(args);
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  console.error(messageOf(error));
  if (isUsage) console.error(`\n${usage}`);
  process.exitCode = isUsage ? 64 : 78;
}
