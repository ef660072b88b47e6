/** An Azure on this machine with one of each service, and an owner who may do everything in it. */
import { randomUUID } from "node:crypto";
import { startAppConfiguration } from "./src/appConfiguration/index.ts";
import { startArm } from "./src/arm/index.ts";
import { startCosmos } from "./src/cosmos/index.ts";
import { byRoles, dataRoles } from "./src/dataRights.ts";
import { startEntra } from "./src/entra/index.ts";
import { startEventHubs } from "./src/eventHubs/index.ts";
import { createFaults, type Faults } from "./src/faults.ts";
import { startKeyVault } from "./src/keyVault/index.ts";
import { startOpenAi } from "./src/openAi/index.ts";
import { startPostgres } from "./src/postgres/index.ts";
import { startServiceBus } from "./src/serviceBus/index.ts";
import { startSql } from "./src/sql/index.ts";
import { startStorage } from "./src/storage/index.ts";
import { type Certificate, createCertificate } from "./src/tls.ts";
import { assignRole, createWorld, type ServicePrincipal, type World } from "./src/world.ts";

export interface AzureOptions {
  readonly tenantId?: string;
  readonly subscriptionId?: string;
  /** Also a PostgreSQL server, which takes a second to start. */
  readonly postgres?: boolean;
}

export interface Azure {
  readonly world: World;
  readonly faults: Faults;
  /** Clients have to trust it. */
  readonly tls: Certificate;
  readonly owner: ServicePrincipal;
  /** Of a program that acts as the owner: settings of the SDKs, and an address for each service. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const location = "westeurope";
const resourceGroup = "rg-sim";

/** What the resources are called, and what is in them. */
const types = {
  storage: "Microsoft.Storage/storageAccounts/stsim",
  keyVault: "Microsoft.KeyVault/vaults/kv-sim",
  cosmos: "Microsoft.DocumentDB/databaseAccounts/cosmos-sim",
  appConfiguration: "Microsoft.AppConfiguration/configurationStores/appcs-sim",
  openAi: "Microsoft.CognitiveServices/accounts/oai-sim",
  serviceBus: "Microsoft.ServiceBus/namespaces/sb-sim",
  eventHubs: "Microsoft.EventHub/namespaces/eh-sim",
} as const;
type Named = keyof typeof types;

/** Cosmos DB Built-in Data Contributor, a role of the account's own. */
const cosmosContributor = "00000000-0000-0000-0000-000000000002";

export async function startAzure({ postgres: hasPostgres = false, ...options }: AzureOptions = {}): Promise<Azure> {
  const [world, tls] = await Promise.all([createWorld(options), createCertificate()]);
  const faults = createFaults();
  const context = { world, faults, tls };
  const { owner, ids } = addResources(world, hasPostgres);
  const started: { close(): Promise<void> }[] = [];
  const keep = async <S extends { close(): Promise<void> }>(starting: Promise<S>): Promise<S> => {
    const service = await starting;
    started.push(service);
    return service;
  };
  const close = async () => {
    await Promise.all(started.map((service) => service.close()));
  };
  const account = { containers: new Map([["uploads", new Map()]]), queues: new Map([["jobs", []]]), tables: new Map() };
  try {
    const entra = await keep(startEntra(context));
    const { authorityHost } = entra;
    const starting = [
      keep(startArm(context, { authorityHost, owners: new Set([owner.clientId]) })),
      keep(startSql(context, { server: "sql-sim", authorityHost })),
      keep(startStorage(context, { accounts: [{ id: ids.storage, ...account }] })),
      keep(startKeyVault(context, { id: ids.keyVault, names: ["greeting"] })),
      keep(startCosmos(context, { id: ids.cosmos })),
      keep(startAppConfiguration(context, { id: ids.appConfiguration })),
      keep(startOpenAi(context, { id: ids.openAi })),
      keep(
        startServiceBus(context, {
          ...{ namespace: "sb-sim", host: "sb-sim.servicebus.windows.net" },
          may: byRoles(world, "serviceBus", ids.serviceBus),
          queues: [{ name: "orders" }],
          topics: [{ name: "events", subscriptions: [{ name: "all" }] }],
        }),
      ),
      keep(
        startEventHubs(context, {
          ...{ namespace: "eh-sim", host: "eh-sim.servicebus.windows.net", hubs: ["clicks"] },
          may: byRoles(world, "eventHubs", ids.eventHubs),
        }),
      ),
      hasPostgres ? keep(startPostgres(context, { server: "pg-sim" })) : undefined,
    ] as const;
    // If one fails, another that is still starting must not be left behind.
    await Promise.allSettled(starting);
    const [arm, sql, storage, vault, cosmos, store, openAi, bus, hubs, postgres] = await Promise.all(starting);
    const identity = entra.appServiceIdentity(owner.clientId);
    return {
      ...{ world, faults, tls, owner, close },
      environment: {
        AZURE_TENANT_ID: world.tenantId,
        AZURE_SUBSCRIPTION_ID: world.subscriptionId,
        AZURE_AUTHORITY_HOST: authorityHost,
        // The managed identity of an App Service: the SDKs' ManagedIdentityCredential is the owner.
        IDENTITY_ENDPOINT: identity.endpoint,
        IDENTITY_HEADER: identity.header,
        ARM_ENDPOINT: arm.url,
        SQL_SERVER: `localhost,${sql.port}`,
        ...(postgres === undefined ? {} : { POSTGRES_URL: `postgresql://owner@localhost:${postgres.port}/orders` }),
        STORAGE_BLOB_ENDPOINT: storage.endpointOf("blob", "stsim"),
        STORAGE_QUEUE_ENDPOINT: storage.endpointOf("queue", "stsim"),
        STORAGE_TABLE_ENDPOINT: storage.endpointOf("table", "stsim"),
        KEY_VAULT_ENDPOINT: vault.endpoint,
        COSMOS_ENDPOINT: cosmos.endpoint,
        APP_CONFIGURATION_ENDPOINT: store.endpoint,
        OPENAI_ENDPOINT: openAi.endpoint,
        // Clients name the namespace in Azure, and this as customEndpointAddress.
        SERVICE_BUS_NAMESPACE: "sb-sim.servicebus.windows.net",
        SERVICE_BUS_ENDPOINT: bus.url,
        EVENT_HUBS_NAMESPACE: "eh-sim.servicebus.windows.net",
        EVENT_HUBS_ENDPOINT: hubs.url,
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Puts into it what the services show, and an owner who may do everything there. */
function addResources(world: World, hasPostgres: boolean) {
  const subscription = `/subscriptions/${world.subscriptionId}`;
  const owner = { displayName: "owner", clientId: randomUUID(), principalId: randomUUID() };
  const admin = { login: owner.displayName, objectId: owner.principalId };
  world.servicePrincipals.set(owner.clientId, owner);
  world.resourceGroups.set(resourceGroup, { name: resourceGroup, location });
  const ids = Object.fromEntries(
    Object.entries(types).map(([name, type]) => [
      name,
      `${subscription}/resourceGroups/${resourceGroup}/providers/${type}`,
    ]),
  ) as Record<Named, string>;
  for (const id of Object.values(ids)) world.targets.set(id.toLowerCase(), { id, location, properties: {} });
  for (const role of dataRoles) assignRole(world, { role, principalId: owner.principalId, scope: subscription });
  world.cosmosAssignments.set(`${ids.cosmos}/owner`.toLowerCase(), {
    ...{ account: ids.cosmos, name: randomUUID(), roleId: cosmosContributor },
    ...{ principalId: owner.principalId, scope: ids.cosmos },
  });
  world.sqlServers.set("sql-sim", {
    ...{ name: "sql-sim", subscriptionId: world.subscriptionId, resourceGroup, location },
    ...{ entraAdmin: admin, canReadDirectory: true, databases: new Set(["orders"]) },
  });
  if (hasPostgres)
    world.postgresServers.set("pg-sim", { entraAdmins: [admin], databases: new Map([["orders", ["public"]]]) });
  return { owner, ids };
}
