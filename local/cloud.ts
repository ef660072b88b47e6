/** A whole simulated cloud: one world with its services listening on loopback, and a catalog that names them. */
import { randomUUID } from "node:crypto";
import { stringify } from "yaml";
import { startTableService } from "./azurite.ts";
import { startArm } from "./simulators/arm/index.ts";
import { type EntraSimulator, startEntra } from "./simulators/entra/index.ts";
import { createFaults, type Faults } from "./simulators/faults.ts";
import { type KubernetesSimulator, startKubernetes } from "./simulators/kubernetes/index.ts";
import { type ServiceBusSimulator, startServiceBus } from "./simulators/serviceBus/index.ts";
import { type SqlSimulator, startSql } from "./simulators/sql/index.ts";
import { type Certificate, createCertificate } from "./simulators/tls.ts";
import { createSigningKey, createWorld, type World } from "./simulators/world.ts";

export interface CloudOptions {
  /** Every simulated call takes at least this long. */
  readonly latencyMs?: number;
  /** Names of the databases on each SQL server. */
  readonly databases?: readonly string[];
  /** The catalog's policy of what needs approval; the default without it. */
  readonly approval?: object;
}

export interface Cloud {
  readonly world: World;
  readonly faults: Faults;
  readonly tls: Certificate;
  readonly entra: EntraSimulator;
  readonly sql: SqlSimulator;
  readonly kubernetes: KubernetesSimulator;
  readonly serviceBus: ServiceBusSimulator;
  /** The catalog, as an operator would write it for this cloud. */
  readonly catalog: string;
  /** Settings of a service that runs in this cloud as Mooring's identity; the catalog's path is the sandbox's to add. */
  readonly settings: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export const names = {
  cluster: "aks-dev",
  sqlServer: "sql-dev",
  queue: "onboarding-requests",
  topic: "onboarding-events",
};
const location = "westeurope";
const nodeResourceGroup = "MC_rg-dev_aks-dev_westeurope";
const sqlResourceGroup = "rg-data";
const serviceBusNamespace = "mooring.servicebus.windows.net";

export async function startCloud({
  latencyMs = 0,
  databases = ["messages", "orders"],
  approval,
}: CloudOptions = {}): Promise<Cloud> {
  const [world, tls] = await Promise.all([createWorld(), createCertificate()]);
  const faults = createFaults();
  faults.latencyMs = latencyMs;
  const context = { world, faults, tls };

  const mooring = { displayName: "mooring", clientId: randomUUID(), principalId: randomUUID() };
  await furnish(world, mooring, databases);

  const tables = await startTableService(tls);
  const entra = await startEntra(context);
  const [arm, sql, kubernetes, serviceBus] = await Promise.all([
    startArm(context, { authorized: new Set([mooring.clientId]) }),
    startSql(context, { server: names.sqlServer }),
    startKubernetes(context, { cluster: names.cluster, authorityHost: entra.authorityHost }),
    startServiceBus(context, {
      authorized: new Set([mooring.clientId]),
      queues: [{ name: names.queue }],
      topics: [{ name: names.topic, subscriptions: [{ name: "all" }], duplicateDetectionSeconds: 600 }],
    }),
  ]);

  const identity = entra.appServiceIdentity(mooring.clientId);
  return {
    world,
    faults,
    tls,
    entra,
    sql,
    kubernetes,
    serviceBus,
    catalog: printCatalog(world, { tls, kubernetes, sql, databases, approval }),
    settings: {
      AZURE_CLIENT_ID: mooring.clientId,
      AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
      IDENTITY_ENDPOINT: identity.endpoint,
      IDENTITY_HEADER: identity.header,
      MOORING_ARM_ENDPOINT: arm.url,
      // Azure allows two identity writes per second; the simulator does not mind more.
      MOORING_ARM_WRITES_PER_SECOND: "1000",
      MOORING_TABLES_ENDPOINT: tables.endpoint,
      ServiceBusConnection__fullyQualifiedNamespace: serviceBusNamespace,
      ServiceBusConnection__customEndpointAddress: serviceBus.url,
      ServiceBusConnection__clientId: mooring.clientId,
    },
    async close() {
      await Promise.all([arm, sql, kubernetes, serviceBus, entra, tables].map((service) => service.close()));
    },
  };
}

async function furnish(
  world: World,
  mooring: { displayName: string; clientId: string; principalId: string },
  databases: readonly string[],
): Promise<void> {
  const { subscriptionId } = world;
  world.servicePrincipals.set(mooring.clientId, mooring);
  for (const name of [nodeResourceGroup, sqlResourceGroup])
    world.resourceGroups.set(name.toLowerCase(), { name, location });
  world.clusters.set(names.cluster, {
    name: names.cluster,
    oidcIssuer: `https://${location}.oic.prod-aks.azure.com/${world.tenantId}/${randomUUID()}/`,
    serviceAccountKey: await createSigningKey(),
    nodeResourceGroup,
    location,
    administrators: new Set([mooring.clientId]),
    hasPodIdentity: true,
    hasWorkloadIdentityWebhook: true,
  });
  world.sqlServers.set(names.sqlServer, {
    name: names.sqlServer,
    subscriptionId,
    resourceGroup: sqlResourceGroup,
    location,
    entraAdmin: { login: mooring.displayName, objectId: mooring.principalId },
    canReadDirectory: true,
    databases: new Set(databases),
  });
}

function printCatalog(
  { tenantId, subscriptionId, clusters }: World,
  {
    tls,
    kubernetes,
    sql,
    databases,
    approval,
  }: {
    tls: Certificate;
    kubernetes: { url: string };
    sql: { port: number };
    databases: readonly string[];
    approval: object | undefined;
  },
): string {
  return stringify({
    tenantId,
    clusters: {
      [names.cluster]: {
        apiServer: kubernetes.url,
        certificateAuthority: tls.certificate,
        oidcIssuer: clusters.get(names.cluster)?.oidcIssuer,
        subscriptionId,
        identityResourceGroup: nodeResourceGroup,
        location,
        identityModes: ["workloadIdentity", "podIdentity"],
      },
    },
    sqlServers: {
      [names.sqlServer]: {
        resourceId: `/subscriptions/${subscriptionId}/resourceGroups/${sqlResourceGroup}/providers/Microsoft.Sql/servers/${names.sqlServer}`,
        host: "localhost",
        port: sql.port,
        databases: Object.fromEntries(databases.map((name) => [name, { roles: ["reader", "writer", "executor"] }])),
      },
    },
    ...(approval ? { approval } : {}),
    retry: { firstIntervalMs: 200, maxIntervalMs: 2_000, attempts: 6 },
  });
}
