/**
 * `mooring __complete <kind> <words of the line>`, which the completion scripts call: prints everything of a kind, one per line. It
 * asks the service that the command line names, gives up before a person would grow impatient, and prints nothing when that fails.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CatalogDocument } from "../../src/domain/documents/catalog.ts";
import { connectionFlags } from "../arguments/shared.ts";
import { findContext, readConfig } from "../config/configFile.ts";
import { type Client, createClient } from "../service/client.ts";
import { headersOf } from "../service/credential.ts";
import { listAll } from "../service/pages.ts";
import { type Environment, readConnection } from "../service/server.ts";
import type { Kind } from "./described.ts";

const longestMs = 1_500;
const mostNamespaces = 1_000;
const mostOperations = 50;

export async function listForCompletion(
  kind: string | undefined,
  line: readonly string[],
  env: Environment,
): Promise<readonly string[]> {
  const list = lists[kind as Kind];
  if (!list) return [];
  try {
    // Getting a token may take longer than the service does.
    const tooLong = sleep(longestMs, [], { ref: false });
    return (await Promise.race([list(() => clientFor(line, env), env), tooLong])).filter(isWord);
  } catch {
    return [];
  }
}

/** Whatever answered may not be Mooring, and a shell or a terminal may take more than a plain word for a command. */
function isWord(text: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}._/=:@+-]*$/u.test(text);
}

const lists: Readonly<Record<Kind, (client: () => Promise<Client>, env: Environment) => Promise<readonly string[]>>> = {
  namespace: async (client) => await namespaces(await client()),
  operation: async (client) => await operations(await client()),
  async any(client) {
    const service = await client();
    return (await Promise.all([namespaces(service), operations(service)])).flat();
  },
  cluster: async (client) => (await catalog(await client())).clusters.map(({ name }) => name),
  database: async (client) => databases(await catalog(await client())).map(({ name }) => name),
  grant: async (client) =>
    databases(await catalog(await client())).flatMap(({ name, roles }) => roles.map((role) => `${name}=${role}`)),
  async access(client) {
    // A service of release 0.1.0 has no other targets.
    const { targets = [] } = await catalog(await client());
    return targets.flatMap(({ name, access }) => access.map((word) => `${name}=${word}`));
  },
  context: async (_client, env) => [...(await readConfig(env)).contexts.keys()],
};

async function namespaces(client: Client): Promise<readonly string[]> {
  const { value } = await listAll(client, { route: "GET /api/namespaces" }, mostNamespaces);
  return value.map(({ cluster, namespace }) => `${cluster}/${namespace}`);
}

async function operations(client: Client): Promise<readonly string[]> {
  const call = { route: "GET /api/operations" } as const;
  return (await listAll(client, call, mostOperations)).value.map(({ id }) => id);
}

async function catalog(client: Client): Promise<CatalogDocument> {
  return await client.json({ route: "GET /api/catalog" }, ["clusters", "sqlServers"]);
}

function databases({ sqlServers }: CatalogDocument) {
  return sqlServers.flatMap(({ name: server, databases: all }) =>
    all.map(({ name, roles }) => ({ name: `${server}/${name}`, roles })),
  );
}

/** The line is still incomplete, so this reads only the flags for the service's address and credentials. */
async function clientFor(line: readonly string[], env: Environment): Promise<Client> {
  const flags = Object.fromEntries(
    Object.keys(connectionFlags).flatMap((name) => {
      const joined = line.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
      const value = joined ?? (line.includes(`--${name}`) ? line[line.indexOf(`--${name}`) + 1] : undefined);
      return value ? [[name, value]] : [];
    }),
  );
  const { server, credential } = readConnection(flags, env, await findContext(flags, env));
  const signal = AbortSignal.timeout(longestMs);
  return createClient({ server, credential: headersOf(credential), env, signal, isPatient: false, notify: () => {} });
}
