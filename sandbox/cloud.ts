/** A whole simulated cloud: one world with its services listening on loopback, and a catalog that names them. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TokenCredential } from "@azure/identity";
import { type ArmSimulator, startArm } from "../packages/azure-sim/src/arm/index.ts";
import type { AppServiceIdentity } from "../packages/azure-sim/src/entra/appServiceIdentity.ts";
import { type EntraSimulator, mintAccessToken, startEntra } from "../packages/azure-sim/src/entra/index.ts";
import { createFaults, type Faults } from "../packages/azure-sim/src/faults.ts";
import { type IssuersSimulator, startIssuers } from "../packages/azure-sim/src/issuers/index.ts";
import { startNodeIdentity } from "../packages/azure-sim/src/nodeIdentity/index.ts";
import { type PostgresSimulator, startPostgres } from "../packages/azure-sim/src/postgres/index.ts";
import { type ServiceBusSimulator, startServiceBus } from "../packages/azure-sim/src/serviceBus/index.ts";
import { type SqlSimulator, startSql } from "../packages/azure-sim/src/sql/index.ts";
import { startTableService, type TableService } from "../packages/azure-sim/src/tables/azurite.ts";
import { type Certificate, createCertificate } from "../packages/azure-sim/src/tls.ts";
import { createWorld, type ServicePrincipal, type World } from "../packages/azure-sim/src/world.ts";
import { type ClusterServer, startCluster } from "../packages/kube-sim/src/cluster/index.ts";
import { startScheduler } from "../packages/kube-sim/src/cluster/scheduler.ts";
import { startServiceAccountLogin, type TokenFile } from "../packages/kube-sim/src/cluster/serviceAccountLogin.ts";
import { type Kubelet, startKubelet } from "../packages/kube-sim/src/kubelet/index.ts";
import { Catalog } from "../src/domain/catalog/catalog.ts";
import { traitsOf, userNameIn } from "../src/domain/catalog/clusterKinds.ts";
import type { Callers } from "./callers.ts";
import { parseCatalog, printCatalog, publishIssuers, sqlHost, usualNames } from "./catalogs.ts";
import { type CatalogOptions, writeCatalog } from "./cloudCatalog.ts";
import { addressesOf, featuresOf } from "./clusterRights.ts";
import { type DataServices, startDataServices, withEndpoints } from "./dataServices.ts";
import { byRoles, variablesOf } from "./messagingServices.ts";
import { type FourEyes, inventPeople, type Person } from "./people.ts";
import { actionsFor, readClusterRights, readRights } from "./rights.ts";
import { seedCloud } from "./seedCloud.ts";
import { startTableFaults } from "./tableFaults.ts";

export interface CloudOptions extends CatalogOptions {
  /** Every simulated call takes at least this long. */
  readonly latencyMs?: number;
  /** Settings of the service besides those that the cloud needs. */
  readonly settings?: Readonly<Record<string, string>>;
  /** ARM answers 429 beyond Azure's published limits, and the service keeps to the pace that they allow. */
  readonly enforceLimits?: boolean;
  /** How long a receiver of the queue holds a message without a sign of life; by default as in Azure. */
  readonly messageLockSeconds?: number;
  /** Every cluster has the real API server that `npm run apiServer` builds. */
  readonly apiServer?: boolean | undefined;
  /** Makes faults of table calls possible, at the cost of one hop per call. */
  readonly tableFaults?: boolean;
  /** What is there already and stays when the cloud is closed: tables that are empty, and the certificate that they have. */
  readonly existing?: { readonly tls: Certificate; readonly tables: TableService };
  /** More images that manifests may name: programs of this machine. */
  readonly images?: Readonly<Record<string, { readonly command: string; readonly args: readonly string[] }>>;
}

/** Who acts in this cloud besides the workloads. */
export interface Principals {
  /** The service's own identity. It has the rights that infra/ asks for. */
  readonly mooring: ServicePrincipal;
  /** The SQL server's Entra administrator. */
  readonly databaseAdministrator: ServicePrincipal;
  /** May send to the queue, and nothing else. */
  readonly team: ServicePrincipal;
  /** May read the resources of the subscription. */
  readonly operator: ServicePrincipal;
  /** May do everything in Azure Resource Manager: the person who does by hand what the service does. */
  readonly owner: ServicePrincipal;
}

export interface SimulatedCluster {
  readonly kubernetes: ClusterServer;
  readonly kubelet: Kubelet;
  /** Where Mooring logs in with a service account's token. */
  readonly tokenFile: TokenFile | undefined;
}

export interface Cloud {
  readonly world: World;
  readonly faults: Faults;
  readonly tls: Certificate;
  readonly arm: ArmSimulator;
  readonly entra: EntraSimulator;
  /** Of clusters outside Azure; undefined where there are none. */
  readonly issuers: IssuersSimulator | undefined;
  /** By their aliases in the catalog. */
  readonly clusters: ReadonlyMap<string, SimulatedCluster>;
  readonly sqlServers: ReadonlyMap<string, SqlSimulator>;
  /** By the names of their resources. */
  readonly postgresServers: ReadonlyMap<string, PostgresSimulator>;
  /** What the targets contain, apart from databases. */
  readonly data: DataServices;
  /** Where the namespaces among them are, which no client finds by their names in Azure: variables of pods, and of a shell. */
  readonly variables: Readonly<Record<string, string>>;
  /** The first SQL server, and the parts of the first cluster. */
  readonly sql: SqlSimulator;
  readonly kubernetes: ClusterServer;
  readonly kubelet: Kubelet;
  readonly serviceBus: ServiceBusSimulator;
  /** For people whose client cannot send tokens; dbo in every database, and unknown to Mooring. */
  readonly sqlLogin: { readonly user: string; readonly password: string };
  /** The table service itself, with nothing in front of it. */
  readonly tablesEndpoint: string;
  /** Who may call; undefined without authentication, and with the operator's own catalog. */
  readonly callers: Callers | undefined;
  /** The people to whom its Entra issues tokens for Mooring; none without authentication. */
  readonly people: readonly Person[];
  /** A request with an approval that they can try together. */
  readonly fourEyes: FourEyes | undefined;
  tokenOf(person: Person): Promise<string>;
  /** Lets them sign in at its Entra and return to this page. */
  allowSignIn(redirectUri: string): void;
  /** The catalog, as an operator would write it for this cloud. */
  readonly catalog: string;
  /** Settings of a service that runs in this cloud as Mooring's identity; the sandbox adds the catalog's path. */
  readonly settings: Readonly<Record<string, string>>;
  readonly principals: Principals;
  /** For clients other than the service: Mooring's identity, or another principal's by its client id. */
  readonly identityEndpoint: AppServiceIdentity;
  /** For an SDK that acts as one of the cloud's principals. */
  credentialOf(who: keyof Principals): TokenCredential;
  close(): Promise<void>;
}

export const names = {
  ...usualNames,
  queue: "onboarding-requests",
  topic: "onboarding-events",
  trialQueue: "trial",
  trialTopic: "trial-topic",
  serviceBusNamespace: "mooring.servicebus.windows.net",
};

const { NODE_COMPILE_CACHE } = process.env;
const inherited = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

/** An image that manifests in this sandbox may name: a program of this checkout, run by this process's Node. */
const sample = (name: string) => ({
  command: process.execPath,
  args: [join(dirname(import.meta.dirname), "samples", name, "main.ts")],
  environment: inherited,
});
const verifyApp = sample("verify-app");
const samples = {
  "message-app": sample("message-app"),
  "upload-app": sample("upload-app"),
  "ledger-app": sample("ledger-app"),
  "verify-app": verifyApp,
};

/** The Azure CLI's, with which people get their tokens (learn.microsoft.com, "Verify first-party Microsoft applications"). */
const cliClientId = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

interface Service {
  close(): Promise<void>;
}

export async function startCloud({
  latencyMs = 0,
  enforceLimits = false,
  messageLockSeconds = 60,
  apiServer,
  tableFaults = false,
  existing,
  images = {},
  settings = {},
  ...options
}: CloudOptions = {}): Promise<Cloud> {
  const given = options.catalog === undefined ? undefined : parseCatalog(options.catalog);
  const [subscriptionId] = Object.values(given?.clusters ?? {}).map((cluster) => cluster.subscriptionId);
  const [world, tls, rights] = await Promise.all([
    createWorld({ tenantId: given?.tenantId, subscriptionId }),
    existing?.tls ?? createCertificate(),
    readRights(),
  ]);
  const faults = createFaults();
  faults.latencyMs = latencyMs;
  const context = { world, faults, tls };
  const mooring = createPrincipal(world, "mooring");
  const databaseAdministrator = createPrincipal(world, "database-administrator");
  const team = createPrincipal(world, "team");
  const operator = createPrincipal(world, "operator");
  const owner = createPrincipal(world, "owner");

  const sqlLogin = { user: "sandbox", password: randomBytes(16).toString("hex") };
  const clusters = new Map<string, SimulatedCluster>();
  const kubelets = new Set<Service>();
  /** Everything that listens, in the order in which it started. */
  const services: Service[] = [];
  const keep = async <S extends Service>(starting: Promise<S> | S): Promise<S> => {
    const service = await starting;
    services.push(service);
    return service;
  };
  let folder: Promise<string> | undefined;
  const tokensFolder = () => {
    folder ??= mkdtemp(join(tmpdir(), "mooring-tokens-"));
    return folder;
  };
  const close = async () => {
    // The pods first: they are clients of everything else.
    const isKubelet = (service: Service) => kubelets.has(service);
    await Promise.all(services.filter(isKubelet).map((service) => service.close()));
    await Promise.all(services.filter((service) => !isKubelet(service)).map((service) => service.close()));
    if (folder) await rm(await folder, { recursive: true, force: true });
  };

  try {
    const entra = await keep(startEntra(context));
    const { issuer } = entra;
    const { written, callers, tellsApart } = writeCatalog(options, { given, world, issuer, databaseAdministrator });
    const hasOthers = Object.values(written.clusters).some(({ kind }) => kind === "oidc");
    const issuers = hasOthers ? await keep(startIssuers(context)) : undefined;
    const published = issuers ? publishIssuers(written, issuers.issuerOf) : written;
    const data = await startDataServices(context, Catalog.parse(published).targets, keep);
    const document = withEndpoints(published, data);
    const variables = {
      ...variablesOf("SERVICE_BUS", data.busNamespaces.values()),
      ...variablesOf("EVENT_HUBS", data.hubsNamespaces.values()),
    };
    await seedCloud(world, document, { mooring, databaseAdministrator });

    const cataloged = Catalog.parse(document);
    const policiesOf = async (alias: string) => {
      const cluster = cataloged.clusters[alias];
      if (!cluster) return [];
      const targetAddresses = [...addressesOf(cataloged).targetAddresses, sqlHost];
      const features = { ...featuresOf(cataloged, cluster), sqlHosts: [sqlHost], targetAddresses };
      return (await readClusterRights(features, userNameIn(cluster, mooring.principalId))).documents;
    };

    const ownNamespace = `/subscriptions/${world.subscriptionId}/resourceGroups/rg-mooring/providers/Microsoft.ServiceBus/namespaces/mooring`;
    const mayInOwn = byRoles(world, "serviceBus", ownNamespace);
    const starting = [
      keep(
        startArm(context, {
          authorityHost: entra.authorityHost,
          authorized: new Set([mooring.clientId, operator.clientId]),
          owners: new Set([owner.clientId]),
          actions: actionsFor(rights, cataloged),
          assignableRoles: new Set(rights.assignableRoles),
          enforceLimits,
        }),
      ),
      Promise.all(
        [...world.sqlServers.keys()].map((server) =>
          keep(
            startSql(context, {
              server,
              authorityHost: entra.authorityHost,
              sqlLogins: { [sqlLogin.user]: sqlLogin.password },
            }),
          ),
        ),
      ),
      Promise.all(
        [...world.clusters.keys()].map(async (cluster) =>
          keep(
            startCluster(context, {
              cluster,
              isReal: apiServer,
              policies: await policiesOf(cluster),
              authorityHost: entra.authorityHost,
              podLog: (pod) => clusters.get(cluster)?.kubelet.log(pod),
            }),
          ),
        ),
      ),
      keep(
        startServiceBus(context, {
          host: names.serviceBusNamespace,
          may: (principal, ...asked) =>
            [mooring, team].some(({ clientId }) => clientId === principal.clientId) || mayInOwn(principal, ...asked),
          // As in infra/modules/serviceBus.bicep, and one of each that the service does not read.
          queues: [
            { name: names.queue, deadLetteringOnExpiration: true, lockDurationSeconds: messageLockSeconds },
            { name: names.trialQueue },
          ],
          topics: [
            { name: names.topic, subscriptions: [{ name: "all" }] },
            { name: names.trialTopic, subscriptions: [{ name: "all" }] },
          ],
        }),
      ),
      existing?.tables ?? keep(startTableService(tls)),
      Promise.all([...world.postgresServers.keys()].map((server) => keep(startPostgres(context, { server })))),
    ] as const;
    // If one fails, another that is still starting must not be left behind.
    await Promise.allSettled(starting);
    const [arm, sqlList, kubernetesList, serviceBus, tables, postgresList] = await Promise.all(starting);
    for (const sql of sqlList) {
      for (const name of world.sqlServers.get(sql.server)?.databases ?? [])
        await sql.database(name).runScript(rights.databaseUser);
    }
    const { endpoint } = tableFaults ? await keep(startTableFaults(tables, context)) : tables;
    const nodeIdentity = await keep(
      startNodeIdentity(context, {
        assignedIdentities: (cluster) =>
          clusters.get(cluster)?.kubernetes.objects.list("aadpodidentity.k8s.io/v1", "AzureAssignedIdentity") ?? [],
      }),
    );
    for (const kubernetes of kubernetesList) {
      const { cluster, url, adminToken } = kubernetes;
      const image = document.clusters[cluster]?.verificationJob?.image;
      const kubelet = await keep(
        startKubelet({
          cluster,
          url,
          ca: tls.certificate,
          adminToken,
          // Whatever image the catalog names is like this one (samples/verify-app/README.md).
          images: { ...images, ...(image === undefined ? {} : { [image]: verifyApp }), ...samples },
          nodeIdentity,
          variables,
        }),
      );
      kubelets.add(kubelet);
      if (kubernetes.nodeName !== undefined) await keep(startScheduler(kubernetes, tls.certificate));
      const entry = cataloged.clusters[cluster];
      const login = entry && traitsOf(entry).login;
      const tokenFile =
        login?.by === "serviceAccount"
          ? await keep(
              startServiceAccountLogin(kubernetes, {
                ca: tls.certificate,
                login: { ...login, tokenFile: join(await tokensFolder(), cluster) },
                documents: await policiesOf(cluster),
              }),
            )
          : undefined;
      clusters.set(cluster, { kubernetes, kubelet, tokenFile });
    }
    const [sql] = sqlList;
    const [first] = clusters.values();
    if (!sql || !first) throw new Error("A sandbox needs a cluster and a SQL server: the catalog names none.");

    const catalog = printCatalog(document, {
      certificateAuthority: tls.certificate,
      apiServers: Object.fromEntries(kubernetesList.map(({ cluster, url }) => [cluster, url])),
      postgresPorts: Object.fromEntries(postgresList.map(({ server, port }) => [server, port])),
      tokenFiles: Object.fromEntries([...clusters].map(([alias, { tokenFile }]) => [alias, tokenFile?.path ?? ""])),
      sqlPorts: Object.fromEntries(sqlList.map(({ server, port }) => [server, port])),
      login: new URL(entra.authorityHost),
    });
    const [audience = ""] = document.auth?.entra?.audiences ?? [];
    const { people, fourEyes } = audience === "" ? { people: [], fourEyes: undefined } : inventPeople(document);
    const identity = entra.appServiceIdentity(mooring.clientId);
    entra.browser.people.push(...people);
    const principals = { mooring, databaseAdministrator, team, operator, owner };
    return {
      world,
      faults,
      tls,
      arm,
      entra,
      issuers,
      data,
      variables,
      clusters,
      postgresServers: new Map(postgresList.map((each) => [each.server, each])),
      sqlServers: new Map(sqlList.map((each) => [each.server, each])),
      sql,
      ...first,
      serviceBus,
      sqlLogin,
      tablesEndpoint: tables.endpoint,
      callers,
      people,
      fourEyes,
      allowSignIn(redirectUri) {
        const clientId = audience.replace(/^api:\/\//, "");
        if (clientId !== "") entra.browser.clients.set(clientId, { clientId, redirectUris: [redirectUri] });
      },
      tokenOf: ({ name, oid, roles, groups }) =>
        entra.apiToken({ audience, oid, clientId: cliClientId, scope: "access", roles, groups, changes: { name } }),
      catalog,
      settings: {
        ...(tellsApart ? {} : { MOORING_ALLOW_ANONYMOUS: "true" }),
        AZURE_CLIENT_ID: mooring.clientId,
        AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
        IDENTITY_ENDPOINT: identity.endpoint,
        IDENTITY_HEADER: identity.header,
        MOORING_ARM_ENDPOINT: arm.url,
        // Azure allows two identity writes per second; the simulator allows more, unless it enforces the limits.
        ...(enforceLimits ? {} : { MOORING_ARM_WRITES_PER_SECOND: "1000" }),
        MOORING_TABLES_ENDPOINT: endpoint,
        ServiceBusConnection__fullyQualifiedNamespace: names.serviceBusNamespace,
        ServiceBusConnection__customEndpointAddress: serviceBus.url,
        ServiceBusConnection__clientId: mooring.clientId,
        ...settings,
      },
      principals,
      identityEndpoint: entra.appServiceIdentity(mooring.clientId, [...world.servicePrincipals.keys()]),
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
