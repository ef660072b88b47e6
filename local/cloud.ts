/** A whole simulated cloud: one world with its services listening on loopback, and a catalog that names them. */
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import type { TokenCredential } from "@azure/identity";
import { stringify } from "yaml";
import { startTableService } from "./azurite.ts";
import { type Callers, createCallers } from "./callers.ts";
import { compileCache } from "./compileCache.ts";
import { type Kubelet, startKubelet } from "./kubelet/index.ts";
import { type Rights, readRights } from "./rights.ts";
import { startArm } from "./simulators/arm/index.ts";
import type { AppServiceIdentity } from "./simulators/entra/appServiceIdentity.ts";
import { type EntraSimulator, mintAccessToken, startEntra } from "./simulators/entra/index.ts";
import { createFaults, type Faults } from "./simulators/faults.ts";
import { type KubernetesSimulator, startKubernetes } from "./simulators/kubernetes/index.ts";
import { startNodeIdentity } from "./simulators/nodeIdentity/index.ts";
import { type ServiceBusSimulator, startServiceBus } from "./simulators/serviceBus/index.ts";
import type { Simulator } from "./simulators/simulator.ts";
import { type SqlSimulator, startSql } from "./simulators/sql/index.ts";
import { type Certificate, createCertificate } from "./simulators/tls.ts";
import { assignRole, createSigningKey, createWorld, type ServicePrincipal, type World } from "./simulators/world.ts";
import { startTableFaults } from "./tableFaults.ts";

export interface CloudOptions {
  /** Every simulated call takes at least this long. */
  readonly latencyMs?: number;
  /** Names of the databases on each SQL server. */
  readonly databases?: readonly string[];
  /** Settings of the service besides those that the cloud needs. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether the service tells callers apart; by default everybody may do everything. */
  readonly callers?: "anonymous" | "keys" | "easyAuth";
  /** The catalog's policy of what needs approval; the default without it. */
  readonly approval?: object;
  /** What the catalog says of the queue besides its team; only where callers are told apart. */
  readonly queue?: object;
  /** The catalog's: what a verification may run in the cluster, and how drift is watched; the defaults without them. */
  readonly verificationJob?: object;
  readonly drift?: object;
  /** The catalog's limits of what its one caller may do; wide without them. */
  readonly limits?: object;
  /** The catalog's: how steps are tried again, where that is to differ from what every sandbox has. */
  readonly retry?: object;
  /** Lets calls to the tables be broken, too, which costs each of them a hop. */
  readonly tableFaults?: boolean;
}

/** Who acts in this cloud besides the workloads. */
export interface Principals {
  /** The service's own identity. It has the rights that infra/ asks for. */
  readonly mooring: ServicePrincipal;
  /** The SQL server's Entra administrator. */
  readonly databaseAdministrator: ServicePrincipal;
  /** May send to the queue, and nothing else. */
  readonly team: ServicePrincipal;
  /** May look at the resources of the subscription. */
  readonly operator: ServicePrincipal;
  /** The identity of the cluster's nodes, by which aad-pod-identity assigns identities. */
  readonly kubelet: ServicePrincipal;
}

export interface Cloud {
  readonly world: World;
  readonly faults: Faults;
  readonly tls: Certificate;
  readonly arm: Simulator;
  readonly entra: EntraSimulator;
  readonly sql: SqlSimulator;
  readonly kubernetes: KubernetesSimulator;
  readonly kubelet: Kubelet;
  readonly serviceBus: ServiceBusSimulator;
  /** The table service itself, with nothing in front of it. */
  readonly tablesEndpoint: string;
  /** Who may call; undefined where everybody may. */
  readonly callers: Callers | undefined;
  /** The catalog, as an operator would write it for this cloud. */
  readonly catalog: string;
  /** Settings of a service that runs in this cloud as Mooring's identity; the catalog's path is the sandbox's to add. */
  readonly settings: Readonly<Record<string, string>>;
  readonly principals: Principals;
  /** For a client that is not the service: Mooring's identity, or another principal's by its client id. */
  readonly identityEndpoint: AppServiceIdentity;
  /** For an SDK that acts as one of the cloud's principals. */
  credentialOf(who: keyof Principals): TokenCredential;
  close(): Promise<void>;
}

export const names = {
  cluster: "aks-dev",
  sqlServer: "sql-dev",
  queue: "onboarding-requests",
  topic: "onboarding-events",
  serviceBusNamespace: "mooring.servicebus.windows.net",
};
const location = "westeurope";
const nodeResourceGroup = "MC_rg-dev_aks-dev_westeurope";
const sqlResourceGroup = "rg-data";

/** What a manifest of this sandbox may name as image: a program of this checkout, run with the Node that runs us. */
const images = {
  "message-app": {
    command: process.execPath,
    args: [join(dirname(import.meta.dirname), "samples/message-app/main.ts")],
    environment: { NODE_COMPILE_CACHE: compileCache },
  },
};

interface Service {
  close(): Promise<void>;
}

export async function startCloud({
  latencyMs = 0,
  databases = ["messages", "orders"],
  callers: mode = "anonymous",
  approval,
  queue,
  verificationJob,
  drift,
  // One program plays every caller here.
  limits = { requestsPerSecond: 2_000, burst: 10_000, streams: { perCaller: 40 }, changes: { perCaller: 20 } },
  retry,
  tableFaults = false,
  settings = {},
}: CloudOptions = {}): Promise<Cloud> {
  const [world, tls, rights] = await Promise.all([createWorld(), createCertificate(), readRights()]);
  const faults = createFaults();
  faults.latencyMs = latencyMs;
  const context = { world, faults, tls };

  const principals = {
    mooring: createPrincipal(world, "mooring"),
    databaseAdministrator: createPrincipal(world, "database-administrator"),
    team: createPrincipal(world, "team"),
    operator: createPrincipal(world, "operator"),
    kubelet: createPrincipal(world, "aks-dev-agentpool"),
  };
  const { mooring, team, operator } = principals;
  await furnish(world, principals, { databases, rights });

  /** What is listening, in the order in which it started. */
  const services: Service[] = [];
  const keep = async <S extends Service>(starting: Promise<S> | S): Promise<S> => {
    const service = await starting;
    services.push(service);
    return service;
  };
  const close = async () => {
    // The pods first: they are clients of all the rest.
    const [first, ...rest] = services.toReversed();
    await first?.close();
    await Promise.all(rest.map((service) => service.close()));
  };

  try {
    let kubelet: Kubelet | undefined;
    const entra = await keep(startEntra(context));
    const starting = [
      keep(startArm(context, { authorized: new Set([mooring.clientId, operator.clientId]), actions: rights.actions })),
      keep(startSql(context, { server: names.sqlServer, authorityHost: entra.authorityHost })),
      keep(
        startKubernetes(context, {
          cluster: names.cluster,
          authorityHost: entra.authorityHost,
          podLog: (pod) => kubelet?.log(pod),
        }),
      ),
      keep(
        startServiceBus(context, {
          authorized: new Set([mooring.clientId, team.clientId]),
          // As infra/modules/serviceBus.bicep has it.
          queues: [{ name: names.queue, deadLetteringOnExpiration: true }],
          topics: [{ name: names.topic, subscriptions: [{ name: "all" }] }],
        }),
      ),
      keep(startTableService(tls)),
    ] as const;
    // One that fails must not leave another behind that was still starting.
    await Promise.allSettled(starting);
    const [arm, sql, kubernetes, serviceBus, tables] = await Promise.all(starting);
    for (const name of databases) await sql.database(name).runScript(rights.databaseUser);
    const { endpoint } = tableFaults ? await keep(startTableFaults(tables, context)) : tables;
    const nodeIdentity = await keep(
      startNodeIdentity(context, {
        assignedIdentities: () => kubernetes.objects.list("aadpodidentity.k8s.io/v1", "AzureAssignedIdentity"),
      }),
    );
    kubelet = await keep(
      startKubelet({
        cluster: names.cluster,
        url: kubernetes.url,
        ca: tls.certificate,
        adminToken: kubernetes.adminToken,
        images,
        nodeIdentity,
      }),
    );

    const identity = entra.appServiceIdentity(mooring.clientId);
    const { issuer } = entra;
    const callers =
      mode === "anonymous"
        ? undefined
        : createCallers({
            issuer,
            cluster: names.cluster,
            sqlServer: names.sqlServer,
            databases,
            isEasyAuth: mode === "easyAuth",
          });
    entra.browser.people.push(...(callers?.people ?? []));
    return {
      world,
      faults,
      tls,
      arm,
      entra,
      sql,
      kubernetes,
      kubelet,
      serviceBus,
      tablesEndpoint: tables.endpoint,
      callers,
      catalog: printCatalog(world, {
        tls,
        kubernetes,
        kubelet: principals.kubelet,
        sql,
        databases,
        callers,
        approval,
        queue,
        verificationJob,
        drift,
        limits,
        retry,
      }),
      settings: {
        ...(callers ? {} : { MOORING_ALLOW_ANONYMOUS: "true" }),
        AZURE_CLIENT_ID: mooring.clientId,
        AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
        IDENTITY_ENDPOINT: identity.endpoint,
        IDENTITY_HEADER: identity.header,
        MOORING_ARM_ENDPOINT: arm.url,
        // Azure allows two identity writes per second; the simulator does not mind more.
        MOORING_ARM_WRITES_PER_SECOND: "1000",
        MOORING_TABLES_ENDPOINT: endpoint,
        ServiceBusConnection__fullyQualifiedNamespace: names.serviceBusNamespace,
        ServiceBusConnection__customEndpointAddress: serviceBus.url,
        ServiceBusConnection__clientId: mooring.clientId,
        ...settings,
      },
      principals,
      identityEndpoint: entra.appServiceIdentity(
        mooring.clientId,
        Object.values(principals).map(({ clientId }) => clientId),
      ),
      credentialOf: (who) => createCredential(world, principals[who]),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function createPrincipal({ servicePrincipals }: World, displayName: string): ServicePrincipal {
  const principal = { displayName, clientId: randomUUID(), principalId: randomUUID() };
  servicePrincipals.set(principal.clientId, principal);
  return principal;
}

function createCredential(world: World, principal: ServicePrincipal): TokenCredential {
  return {
    async getToken(scopes) {
      const [scope = ""] = [scopes].flat();
      const token = await mintAccessToken(world, principal, scope.replace(/\/\.default$/, ""));
      return { token, expiresOnTimestamp: world.now().getTime() + 3_000_000 };
    },
  };
}

async function furnish(
  world: World,
  { mooring, databaseAdministrator, kubelet }: Principals,
  { databases, rights }: { databases: readonly string[]; rights: Rights },
): Promise<void> {
  const { subscriptionId } = world;
  for (const name of [nodeResourceGroup, sqlResourceGroup])
    world.resourceGroups.set(name.toLowerCase(), { name, location });
  // Managed Identity Operator and Virtual Machine Contributor, as aad-pod-identity's documentation asks for.
  for (const role of ["f1a07417-d97a-45cb-824c-7a7467783830", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"]) {
    const scope = `/subscriptions/${subscriptionId}/resourceGroups/${nodeResourceGroup}`;
    assignRole(world, { role, principalId: kubelet.principalId, scope });
  }
  world.clusters.set(names.cluster, {
    name: names.cluster,
    oidcIssuer: `https://${location}.oic.prod-aks.azure.com/${world.tenantId}/${randomUUID()}/`,
    serviceAccountKey: await createSigningKey(),
    nodeResourceGroup,
    location,
    administrators: new Set(),
    roles: new Map([[mooring.clientId, rights.rules]]),
    hasPodIdentity: true,
    hasWorkloadIdentityWebhook: true,
  });
  world.sqlServers.set(names.sqlServer, {
    name: names.sqlServer,
    subscriptionId,
    resourceGroup: sqlResourceGroup,
    location,
    entraAdmin: { login: databaseAdministrator.displayName, objectId: databaseAdministrator.principalId },
    canReadDirectory: true,
    databases: new Set(databases),
  });
}

function printCatalog(
  { tenantId, subscriptionId, clusters }: World,
  {
    tls,
    kubernetes,
    kubelet,
    sql,
    databases,
    callers,
    approval,
    queue,
    verificationJob,
    drift,
    limits,
    retry,
  }: {
    tls: Certificate;
    kubernetes: { url: string };
    kubelet: ServicePrincipal;
    sql: { port: number };
    databases: readonly string[];
    callers: Callers | undefined;
    approval: object | undefined;
    queue: object | undefined;
    verificationJob: object | undefined;
    drift: object | undefined;
    limits: object;
    retry: object | undefined;
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
        podIdentity: { kubeletObjectId: kubelet.principalId },
        ...(verificationJob ? { verificationJob } : {}),
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
    ...(drift ? { drift } : {}),
    retry: { firstIntervalMs: 200, maxIntervalMs: 2_000, attempts: 6, ...retry },
    limits,
    ...callers?.catalog,
    ...(callers ? { queue: { ...callers.catalog.queue, ...queue } } : {}),
  });
}
