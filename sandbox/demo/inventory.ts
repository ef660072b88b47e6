/** What exists in the cloud, read over the network with the SDKs, so that before and after can be compared. */
import { createPipelineRequest } from "@azure/core-rest-pipeline";
import sql from "mssql";
import { z } from "zod";
import { type Cloud, names } from "../cloud.ts";
import type { ClusterObject, TeamCluster } from "./cluster.ts";
import { createIdentityClient } from "./prepareCloud.ts";

/** All things of one kind, each with everything that matters about it. */
export interface Section {
  readonly title: string;
  /** Full text by name. */
  readonly items: ReadonlyMap<string, string>;
}

export type Inventory = readonly Section[];

export async function takeInventory(cloud: Cloud, cluster: TeamCluster): Promise<Inventory> {
  const databases = [...(cloud.world.sqlServers.get(names.sqlServer)?.databases ?? [])];
  const sections = await Promise.all([
    listIdentities(cloud),
    listRoles(cloud),
    ...databases.map((database) => listUsers(cloud, database)),
    listObjects(cluster),
  ]);
  return sections.flat();
}

async function listIdentities(cloud: Cloud): Promise<Section[]> {
  const client = createIdentityClient(cloud);
  const identities = new Map<string, string>();
  const credentials = new Map<string, string>();
  for await (const { id = "", name = "", clientId, tags } of client.userAssignedIdentities.listBySubscription()) {
    identities.set(name, JSON.stringify({ clientId, tags }));
    const resourceGroup = id.split("/")[4] ?? "";
    for await (const credential of client.federatedIdentityCredentials.list(resourceGroup, name)) {
      const { issuer, subject, audiences } = credential;
      credentials.set(`${name}/${credential.name}`, JSON.stringify({ issuer, subject, audiences }));
    }
  }
  return [
    { title: "managed identities", items: identities },
    { title: "federated credentials", items: credentials },
  ];
}

const Roles = z.object({
  value: z.array(
    z.object({ name: z.string(), properties: z.object({ scope: z.string(), roleDefinitionId: z.string() }) }),
  ),
});

async function listRoles(cloud: Cloud): Promise<Section[]> {
  const { arm, world } = cloud;
  const path = `/subscriptions/${world.subscriptionId}/providers/Microsoft.Authorization/roleAssignments`;
  const request = createPipelineRequest({ url: `${arm.url}${path}?api-version=2022-04-01` });
  const { bodyAsText } = await createIdentityClient(cloud).sendRequest(request);
  const { value } = Roles.parse(JSON.parse(bodyAsText ?? ""));
  const items = new Map(value.map(({ name, properties }) => [name, JSON.stringify(properties)]));
  return [{ title: "role assignments", items }];
}

const User = z.object({ name: z.string(), type: z.string(), sid: z.instanceof(Buffer), role: z.string().nullable() });

/** Without dbo, guest, the schemas that look like users, and the service's own user; one row for each role of a user. */
const usersQuery = `SELECT p.name, p.type, p.sid, r.name AS role
FROM sys.database_principals AS p
LEFT JOIN sys.database_role_members AS m ON m.member_principal_id = p.principal_id
LEFT JOIN sys.database_principals AS r ON r.principal_id = m.role_principal_id
WHERE p.type IN ('E', 'X', 'S') AND p.principal_id > 4 AND p.name <> N'mooring'
ORDER BY p.name, r.name`;

async function listUsers({ sql: server, credentialOf }: Cloud, database: string): Promise<Section[]> {
  const { token } = (await credentialOf("databaseAdministrator").getToken("https://database.windows.net/.default")) ?? {
    token: "",
  };
  const pool = new sql.ConnectionPool({
    server: "localhost",
    port: server.port,
    database,
    authentication: { type: "azure-active-directory-access-token", options: { token } },
    options: { encrypt: true },
  });
  try {
    await pool.connect();
    const { recordset } = await pool.request().query(usersQuery);
    const items = new Map<string, string>();
    for (const { name, type, sid, role } of z.array(User).parse(recordset)) {
      items.set(name, `${items.get(name) ?? `${type} 0x${sid.toString("hex")}`} ${role ?? ""}`);
    }
    return [{ title: `users in ${names.sqlServer}/${database}`, items }];
  } finally {
    await pool.close();
  }
}

const podIdentityApi = "aadpodidentity.k8s.io/v1";
const kinds = [
  ["v1", "Namespace"],
  ["v1", "ServiceAccount"],
  ["v1", "ConfigMap"],
  [podIdentityApi, "AzureIdentity"],
  [podIdentityApi, "AzureIdentityBinding"],
  [podIdentityApi, "AzureAssignedIdentity"],
] as const;

async function listObjects(cluster: TeamCluster): Promise<Section[]> {
  const lists = await Promise.all(kinds.map(([apiVersion, kind]) => cluster.list(apiVersion, kind)));
  const items = new Map(lists.flat().map((object) => [nameOf(object), contentOf(object)]));
  return [{ title: "Kubernetes objects", items }];
}

function nameOf({ kind, metadata: { namespace, name } }: ClusterObject): string {
  return [kind, namespace === undefined ? name : `${namespace}/${name}`].join(" ");
}

/** Without the API server's bookkeeping, which changes even when a field is set and then reset. */
function contentOf({ metadata, ...rest }: ClusterObject): string {
  const { uid, labels = {}, annotations = {} } = metadata;
  return JSON.stringify({ ...rest, metadata: { uid, labels: sorted(labels), annotations: sorted(annotations) } });
}

function sorted(pairs: unknown): unknown {
  return Object.entries(z.record(z.string(), z.string()).parse(pairs)).toSorted();
}

export interface Difference {
  readonly title: string;
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
}

export function compareInventories(before: Inventory, after: Inventory): readonly Difference[] {
  return after.flatMap(({ title, items }) => {
    const old = before.find((section) => section.title === title)?.items ?? new Map<string, string>();
    const all = new Set([...old.keys(), ...items.keys()]);
    return [...all].flatMap((name): Difference[] => {
      if (!items.has(name)) return [{ title, name, change: "removed" }];
      if (!old.has(name)) return [{ title, name, change: "added" }];
      return old.get(name) === items.get(name) ? [] : [{ title, name, change: "changed" }];
    });
  });
}
