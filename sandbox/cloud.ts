/** A whole simulated cloud: one world with its services listening on loopback, and a catalog that names them. */
import { randomBytes } from "node:crypto";
import type { TokenCredential } from "@azure/identity";
import type { ArmSimulator } from "azure-sim/arm";
import { type AppServiceIdentity, type EntraSimulator, startEntra } from "azure-sim/entra";
import { createFaults, type Faults } from "azure-sim/faults";
import { type IssuersSimulator, startIssuers } from "azure-sim/issuers";
import type { PostgresSimulator } from "azure-sim/postgres";
import type { ServiceBusSimulator } from "azure-sim/serviceBus";
import type { SimulatorContext } from "azure-sim/simulator";
import type { SqlSimulator } from "azure-sim/sql";
import { startTableService, type TableService } from "azure-sim/tables";
import { type Certificate, createCertificate } from "azure-sim/tls";
import { createWorld, type ServicePrincipal, type World } from "azure-sim/world";
import type { ClusterServer, Kubelet } from "kube-sim";
import { Catalog } from "../src/domain/catalog/catalog.ts";
import {
  messaging,
  prepareDatabases,
  startMessaging,
  startPostgresServers,
  startResourceManager,
  startSqlServers,
} from "./azureServices.ts";
import type { Callers } from "./callers.ts";
import { type CatalogDocument, parseCatalog, printCatalog, publishIssuers, usualNames } from "./catalogs.ts";
import { type CatalogOptions, writeCatalog } from "./cloudCatalog.ts";
import { type Images, runPods, type SimulatedCluster, startApiServers } from "./clusters.ts";
import { type DataServices, startDataServices, withEndpoints } from "./dataServices.ts";
import { variablesOf } from "./messagingServices.ts";
import { createCredential, createPrincipals, type Principals } from "./principals.ts";
import { readRights } from "./rights.ts";
import { createRunning, type Running } from "./running.ts";
import { seedCloud } from "./seedCloud.ts";
import { letPeopleIn, type SignIn } from "./signIn.ts";
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
  readonly images?: Images;
}

export interface Cloud extends SignIn {
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

export const names = { ...usualNames, ...messaging };

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
  const principals = createPrincipals(world);
  const { mooring, databaseAdministrator } = principals;
  const running = createRunning();
  const { keep, close } = running;
  const sqlLogin = { user: "sandbox", password: randomBytes(16).toString("hex") };

  try {
    const entra = await keep(startEntra(context));
    const { issuer, authorityHost } = entra;
    const { written, callers, tellsApart } = writeCatalog(options, { given, world, issuer, databaseAdministrator });
    const { issuers, data, document, variables } = await startTargets(context, written, keep);
    await seedCloud(world, document, principals);

    const cataloged = Catalog.parse(document);
    const clusters = new Map<string, SimulatedCluster>();
    const inAzure = { context, running, principals };
    const inClusters = { context, running, catalog: cataloged, mooring, clusters };
    const starting = [
      startResourceManager(inAzure, { rights, catalog: cataloged, authorityHost, enforceLimits }),
      startSqlServers(inAzure, { authorityHost, sqlLogins: { [sqlLogin.user]: sqlLogin.password } }),
      startApiServers(inClusters, { isReal: apiServer, authorityHost }),
      startMessaging(inAzure, messageLockSeconds),
      existing?.tables ?? keep(startTableService(tls)),
      startPostgresServers(inAzure),
    ] as const;
    // If one fails, another that is still starting must not be left behind.
    await Promise.allSettled(starting);
    const [arm, sqlList, kubernetesList, serviceBus, tables, postgresList] = await Promise.all(starting);
    await prepareDatabases(inAzure, sqlList, rights.databaseUser);
    const { endpoint } = tableFaults ? await keep(startTableFaults(tables, context)) : tables;
    await runPods(inClusters, kubernetesList, { images, variables });
    const [sql] = sqlList;
    const [first] = clusters.values();
    if (!sql || !first) throw new Error("A sandbox needs a cluster and a SQL server: the catalog names none.");

    const catalog = printCatalog(document, {
      certificateAuthority: tls.certificate,
      apiServers: Object.fromEntries(kubernetesList.map(({ cluster, url }) => [cluster, url])),
      postgresPorts: Object.fromEntries(postgresList.map(({ server, port }) => [server, port])),
      tokenFiles: Object.fromEntries([...clusters].map(([alias, { tokenFile }]) => [alias, tokenFile?.path ?? ""])),
      sqlPorts: Object.fromEntries(sqlList.map(({ server, port }) => [server, port])),
      login: new URL(authorityHost),
    });
    const signIn = letPeopleIn(entra, document);
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
      ...signIn,
      catalog,
      settings: {
        ...settingsFor(mooring, { entra, arm, tablesEndpoint: endpoint, serviceBus, enforceLimits, tellsApart }),
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

/** What the catalog names besides servers and clusters; with where that is. */
async function startTargets(context: SimulatorContext, written: CatalogDocument, keep: Running["keep"]) {
  const hasOthers = Object.values(written.clusters).some(({ kind }) => kind === "oidc");
  const issuers = hasOthers ? await keep(startIssuers(context)) : undefined;
  const published = issuers ? publishIssuers(written, issuers.issuerOf) : written;
  const data = await startDataServices(context, Catalog.parse(published).targets, keep);
  const document = withEndpoints(published, data);
  const variables = {
    ...variablesOf("SERVICE_BUS", data.busNamespaces.values()),
    ...variablesOf("EVENT_HUBS", data.hubsNamespaces.values()),
  };
  return { issuers, data, document, variables };
}

/** Of a service that runs as this identity. */
function settingsFor(
  { clientId }: ServicePrincipal,
  {
    entra,
    arm,
    serviceBus,
    tablesEndpoint,
    enforceLimits,
    tellsApart,
  }: Pick<Cloud, "entra" | "arm" | "serviceBus" | "tablesEndpoint"> & { enforceLimits: boolean; tellsApart: boolean },
): Record<string, string> {
  const identity = entra.appServiceIdentity(clientId);
  return {
    ...(tellsApart ? {} : { MOORING_ALLOW_ANONYMOUS: "true" }),
    AZURE_CLIENT_ID: clientId,
    AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
    IDENTITY_ENDPOINT: identity.endpoint,
    IDENTITY_HEADER: identity.header,
    MOORING_ARM_ENDPOINT: arm.url,
    // Azure allows two identity writes per second; the simulator allows more, unless it enforces the limits.
    ...(enforceLimits ? {} : { MOORING_ARM_WRITES_PER_SECOND: "1000" }),
    // A verification sees at once what somebody breaks here.
    MOORING_INDEX_SECONDS: "0",
    MOORING_TABLES_ENDPOINT: tablesEndpoint,
    ServiceBusConnection__fullyQualifiedNamespace: names.serviceBusNamespace,
    ServiceBusConnection__customEndpointAddress: serviceBus.url,
    ServiceBusConnection__clientId: clientId,
  };
}
