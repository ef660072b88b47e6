/** A whole simulated cloud: one world with its services listening on loopback, and a catalog that names them. */
import { randomBytes, randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import type { TokenCredential } from "@azure/identity";
import { startTableService } from "./azurite.ts";
import { type Callers, createCallers } from "./callers.ts";
import { letCallersIn, parseCatalog, printCatalog, usualCatalog, usualNames } from "./catalogs.ts";
import { compileCache } from "./compileCache.ts";
import { type Kubelet, startKubelet } from "./kubelet/index.ts";
import { type FourEyes, inventPeople, type Person } from "./people.ts";
import { readRights } from "./rights.ts";
import { seedCloud } from "./seedCloud.ts";
import { type ArmSimulator, startArm } from "./simulators/arm/index.ts";
import type { AppServiceIdentity } from "./simulators/entra/appServiceIdentity.ts";
import { type EntraSimulator, mintAccessToken, startEntra } from "./simulators/entra/index.ts";
import { createFaults, type Faults } from "./simulators/faults.ts";
import { type KubernetesSimulator, startKubernetes } from "./simulators/kubernetes/index.ts";
import { startNodeIdentity } from "./simulators/nodeIdentity/index.ts";
import { type ServiceBusSimulator, startServiceBus } from "./simulators/serviceBus/index.ts";
import { type SqlSimulator, startSql } from "./simulators/sql/index.ts";
import { type Certificate, createCertificate } from "./simulators/tls.ts";
import { createWorld, type ServicePrincipal, type World } from "./simulators/world.ts";
import { startTableFaults } from "./tableFaults.ts";

export interface CloudOptions {
  /** Every simulated call takes at least this long. */
  readonly latencyMs?: number;
  /** A catalog that was checked: each of its clusters and SQL servers is simulated. Of one's own it says all that the options here would. */
  readonly catalog?: string | undefined;
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
  /** The catalog gives the SQL server its administrator, which has none by itself; it is there from the beginning without. */
  readonly setsSqlAdmin?: boolean;
  /** ARM answers 429 beyond Azure's published limits, and the service keeps the pace that they ask for. */
  readonly enforceLimits?: boolean;
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
}

export interface SimulatedCluster {
  readonly kubernetes: KubernetesSimulator;
  readonly kubelet: Kubelet;
}

export interface Cloud {
  readonly world: World;
  readonly faults: Faults;
  readonly tls: Certificate;
  readonly arm: ArmSimulator;
  readonly entra: EntraSimulator;
  /** By name, as the catalog has them. */
  readonly clusters: ReadonlyMap<string, SimulatedCluster>;
  readonly sqlServers: ReadonlyMap<string, SqlSimulator>;
  /** The first SQL server, and the parts of the first cluster. */
  readonly sql: SqlSimulator;
  readonly kubernetes: KubernetesSimulator;
  readonly kubelet: Kubelet;
  readonly serviceBus: ServiceBusSimulator;
  /** For people with a client that knows no tokens; dbo everywhere, and nobody's whom Mooring knows. */
  readonly sqlLogin: { readonly user: string; readonly password: string };
  /** The table service itself, with nothing in front of it. */
  readonly tablesEndpoint: string;
  /** Who may call; undefined where everybody may, and with a catalog of one's own. */
  readonly callers: Callers | undefined;
  /** Whom its Entra gives tokens for Mooring; nobody where callers are not told apart. */
  readonly people: readonly Person[];
  /** What they can try together. */
  readonly fourEyes: FourEyes | undefined;
  tokenOf(person: Person): Promise<string>;
  /** Lets them sign in at its Entra for a page that they come back to. */
  allowSignIn(redirectUri: string): void;
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
  ...usualNames,
  queue: "onboarding-requests",
  topic: "onboarding-events",
  serviceBusNamespace: "mooring.servicebus.windows.net",
};

/** What a manifest of this sandbox may name as image: a program of this checkout, run with the Node that runs us. */
const messageApp = {
  command: process.execPath,
  args: [join(dirname(import.meta.dirname), "samples/message-app/main.ts")],
  environment: { NODE_COMPILE_CACHE: compileCache },
};

/** Of Azure CLI, by which people get their tokens (learn.microsoft.com, "Verify first-party Microsoft applications"). */
const cliClientId = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

interface Service {
  close(): Promise<void>;
}

export async function startCloud({
  latencyMs = 0,
  catalog: text,
  databases = ["messages", "orders"],
  callers: mode = "anonymous",
  approval,
  queue,
  verificationJob,
  drift,
  // One program plays every caller here.
  limits = { requestsPerSecond: 2_000, burst: 10_000, streams: { perCaller: 40 }, changes: { perCaller: 20 } },
  retry,
  setsSqlAdmin = false,
  enforceLimits = false,
  tableFaults = false,
  settings = {},
}: CloudOptions = {}): Promise<Cloud> {
  const given = text === undefined ? undefined : parseCatalog(text);
  const [subscriptionId] = Object.values(given?.clusters ?? {}).map((cluster) => cluster.subscriptionId);
  const [world, tls, rights] = await Promise.all([
    createWorld({ tenantId: given?.tenantId, subscriptionId }),
    createCertificate(),
    readRights(),
  ]);
  const faults = createFaults();
  faults.latencyMs = latencyMs;
  const context = { world, faults, tls };
  const mooring = createPrincipal(world, "mooring");
  const databaseAdministrator = createPrincipal(world, "database-administrator");
  const team = createPrincipal(world, "team");
  const operator = createPrincipal(world, "operator");

  const sqlLogin = { user: "sandbox", password: randomBytes(16).toString("hex") };
  const clusters = new Map<string, SimulatedCluster>();
  const kubelets = new Set<Service>();
  /** What is listening, in the order in which it started. */
  const services: Service[] = [];
  const keep = async <S extends Service>(starting: Promise<S> | S): Promise<S> => {
    const service = await starting;
    services.push(service);
    return service;
  };
  const close = async () => {
    // The pods first: they are clients of all the rest.
    const isKubelet = (service: Service) => kubelets.has(service);
    await Promise.all(services.filter(isKubelet).map((service) => service.close()));
    await Promise.all(services.filter((service) => !isKubelet(service)).map((service) => service.close()));
  };

  try {
    const entra = await keep(startEntra(context));
    const { issuer } = entra;
    const tellsApart = mode !== "anonymous" || given?.auth !== undefined;
    const callers =
      given || !tellsApart
        ? undefined
        : createCallers({
            issuer,
            cluster: names.cluster,
            sqlServer: names.sqlServer,
            databases,
            isEasyAuth: mode === "easyAuth",
          });
    const document = given
      ? tellsApart
        ? letCallersIn(given, { issuer })
        : given
      : usualCatalog({
          tenantId: world.tenantId,
          subscriptionId: world.subscriptionId,
          databases,
          verificationJob,
          ...(setsSqlAdmin
            ? { entraAdmin: { login: databaseAdministrator.displayName, objectId: databaseAdministrator.principalId } }
            : {}),
          entries: {
            ...(approval ? { approval } : {}),
            ...(drift ? { drift } : {}),
            ...(retry ? { retry } : {}),
            limits,
            ...callers?.catalog,
            ...(callers ? { queue: { ...callers.catalog.queue, ...queue } } : {}),
          },
        });
    await seedCloud(world, document, { mooring, databaseAdministrator, rights });

    // As infra/modules/rights/targets.bicep gives them.
    const setsAdmins = Object.values(document.sqlServers).some(({ entraAdmin }) => entraAdmin !== undefined);
    const actions = setsAdmins ? [...rights.actions, ...rights.administratorActions] : rights.actions;

    const starting = [
      keep(
        startArm(context, {
          authorityHost: entra.authorityHost,
          authorized: new Set([mooring.clientId, operator.clientId]),
          actions,
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
        [...world.clusters.keys()].map((cluster) =>
          keep(
            startKubernetes(context, {
              cluster,
              authorityHost: entra.authorityHost,
              podLog: (pod) => clusters.get(cluster)?.kubelet.log(pod),
            }),
          ),
        ),
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
    const [arm, sqlList, kubernetesList, serviceBus, tables] = await Promise.all(starting);
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
          // The image of a verification is asked what the sample is asked (docs/findings.md).
          images: { "message-app": messageApp, ...(image === undefined ? {} : { [image]: messageApp }) },
          nodeIdentity,
        }),
      );
      kubelets.add(kubelet);
      clusters.set(cluster, { kubernetes, kubelet });
    }
    const [sql] = sqlList;
    const [first] = clusters.values();
    if (!sql || !first) throw new Error("A sandbox needs a cluster and a SQL server: the catalog names none.");

    const catalog = printCatalog(document, {
      certificateAuthority: tls.certificate,
      apiServers: Object.fromEntries(kubernetesList.map(({ cluster, url }) => [cluster, url])),
      sqlPorts: Object.fromEntries(sqlList.map(({ server, port }) => [server, port])),
    });
    const [audience = ""] = document.auth?.entra?.audiences ?? [];
    const { people, fourEyes } = audience === "" ? { people: [], fourEyes: undefined } : inventPeople(document);
    const identity = entra.appServiceIdentity(mooring.clientId);
    entra.browser.people.push(...people);
    const principals = { mooring, databaseAdministrator, team, operator };
    return {
      world,
      faults,
      tls,
      arm,
      entra,
      clusters,
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
        // Azure allows two identity writes per second; the simulator does not mind more, unless it is told to.
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
