/** A team's export works without Mooring: the T-SQL creates the same user, and the YAML the same objects. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import sql from "mssql";
import { expect } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { names } from "../../sandbox/cloud.ts";
import { createKubernetes } from "../../src/adapters/kubernetes/index.ts";
import { parseCatalog } from "../../src/catalog.ts";
import { findCluster } from "../../src/domain/catalog/clusters.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { IdentityMode } from "../../src/domain/request/request.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
  setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
});

const Metadata = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const Applied = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: Metadata }).transform(
  ({ metadata: { namespace, annotations, name }, ...rest }): KubernetesObject => ({
    ...rest,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(annotations ? { annotations } : {}) },
  }),
);

async function get(path: string) {
  const response = await fetch(`${sandbox.url}${path}`);
  const text = await response.text();
  sandbox.heard(`answer of GET ${path}`, text);
  return { status: response.status, type: response.headers.get("content-type"), text };
}

function wanted(namespace: string, identityMode: string) {
  return {
    cluster: names.cluster,
    namespace,
    identityMode,
    databases: [{ server: names.sqlServer, database: "orders", roles: ["writer", "executor"] }],
  };
}

async function runSql(text: string) {
  const { cloud } = sandbox;
  const { token } = (await cloud.credentialOf("mooring").getToken("https://database.windows.net/.default")) ?? {};
  const pool = await new sql.ConnectionPool({
    server: "localhost",
    port: cloud.sql.port,
    database: "orders",
    options: { encrypt: true },
    authentication: { type: "azure-active-directory-access-token", options: { token: token ?? "" } },
    pool: { max: 1 },
  }).connect();
  try {
    await pool.request().batch(text);
  } finally {
    await pool.close();
  }
}

const kindsOf: Readonly<Record<IdentityMode, readonly string[]>> = {
  workloadIdentity: ["ServiceAccount"],
  podIdentity: ["AzureIdentity", "AzureIdentityBinding"],
  identityBinding: ["ServiceAccount", "ClusterRole", "ClusterRoleBinding"],
};

it.each(IdentityMode.options)("rebuilds what a namespace with %s had", async (identityMode) => {
  const { cloud } = sandbox;
  const namespace = `leaving-${identityMode.toLowerCase()}`;
  const path = `/api/namespaces/${names.cluster}/${namespace}`;
  const user = identityName({ cluster: names.cluster, namespace });
  const userNow = () =>
    cloud.sql
      .database("orders")
      .users()
      .find(({ name }) => name === user);
  await service.waitFor(await service.onboard(wanted(namespace, identityMode)));
  const before = userNow();
  const yaml = await get(`${path}/export?format=kubernetes`);
  const tsql = await get(`${path}/export?format=tsql&database=${names.sqlServer}/orders`);
  const cli = await get(`${path}/export?format=azurecli`);
  const objects = parseAllDocuments(yaml.text).map((each) => Applied.parse("toJS" in each ? each.toJS() : undefined));
  const catalog = parseCatalog(cloud.catalog, "catalog");
  const cluster = findCluster(catalog, names.cluster);
  // As the team's own administrator: Mooring's policy lets its identity write only what has its mark.
  const administrator = { token: cloud.kubernetes.adminToken, expiresOnTimestamp: Date.now() + 3_600_000 };
  const kubernetes = createKubernetes({
    credential: { getToken: async () => administrator },
    scope: "6dae42f8-4368-4678-94ff-3960e28e3630/.default",
  });
  const refs = objects.map(({ apiVersion, kind, metadata: { name, namespace: place } }) => ({
    ...{ apiVersion, kind, name },
    ...(place === undefined ? {} : { namespace: place }),
  }));
  const read = () => Promise.all(refs.map((ref) => kubernetes.get(cluster, ref)));
  const objectsBefore = await read();
  await service.waitFor(await service.offboard(names.cluster, namespace));
  await expect.poll(async () => (await read()).filter(Boolean)).toEqual([]);
  expect(userNow()).toBeUndefined();

  await runSql(tsql.text);
  for (const object of objects) await kubernetes.apply(cluster, object);

  expect(userNow()).toMatchObject({ sid: before?.sid, roles: before?.roles, permissions: before?.permissions });
  expect(objects.map(({ kind }) => kind)).toEqual(["Namespace", "ConfigMap", ...kindsOf[identityMode]]);
  const told = ({ metadata: { labels: _l, annotations, ...metadata }, ...rest }: KubernetesObject) => ({
    ...rest,
    name: metadata.name,
    annotations: Object.fromEntries(
      Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith("mooring.dev/")),
    ),
  });
  const after = await read();
  expect(after.slice(1).map((each) => each && told(each))).toEqual(
    objectsBefore.slice(1).map((each) => each && told(each)),
  );
  expect(cli.text).toContain(`az identity create --subscription`);
  expect(cli.text.includes("federated-credential create")).toBe(identityMode === "workloadIdentity");
  expect(cli.text.includes("az aks identity-binding create")).toBe(identityMode === "identityBinding");
  expect([yaml.type, tsql.type, cli.type]).toEqual([
    "application/yaml; charset=utf-8",
    "application/sql; charset=utf-8",
    "text/x-shellscript; charset=utf-8",
  ]);
});

it("returns the manifest, and refuses an unknown format, database or namespace", async () => {
  await service.waitFor(await service.onboard(wanted("described", "workloadIdentity")));
  const path = `/api/namespaces/${names.cluster}/described`;

  expect((await get(`${path}/manifest`)).text).toContain("azure.workload.identity/use");
  expect((await get(`${path}/export?format=terraform`)).status).toBe(422);
  expect((await get(`${path}/export?format=tsql&database=${names.sqlServer}/messages`)).status).toBe(422);
  expect((await get(`/api/namespaces/${names.cluster}/nobody/export`)).status).toBe(404);
  expect((await get(`/api/namespaces/${names.cluster}/nobody/manifest`)).status).toBe(404);
});

it("names what can be requested, but no host, resource id or key", async () => {
  const { status, body } = await service.call("GET", "/api/catalog");

  expect(status).toBe(200);
  expect(body).toEqual({
    clusters: [{ name: names.cluster, identityModes: ["workloadIdentity", "podIdentity", "identityBinding"] }],
    sqlServers: [
      {
        name: names.sqlServer,
        databases: expect.arrayContaining([{ name: "orders", roles: ["reader", "writer", "executor"] }]),
      },
    ],
    targets: expect.arrayContaining([{ name: "uploads", kind: "storageBlob", access: ["read", "write"] }]),
    profiles: expect.arrayContaining([{ name: "small", description: expect.any(String) }]),
  });
  expect(JSON.stringify(body)).not.toMatch(/localhost|127\.0\.0\.1|subscriptions|CERTIFICATE|https?:/);
});
