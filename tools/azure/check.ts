/**
 * What would stop a deployment half-way, found before anything is created: `npm run azure -- check`, azd's hook before
 * provisioning. All problems are said at once, each with what to do.
 */
import { z } from "zod";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import { type Az, AzFailed } from "./az.ts";
import { clustersOf, type SqlTarget, sqlServersOf } from "./catalogTargets.ts";

/** Names of parameters as azd hands them over. */
export interface CheckedEnvironment {
  readonly AZURE_LOCATION?: string | undefined;
  readonly MOORING_BACKEND?: string | undefined;
  readonly MOORING_STORAGE_SKU?: string | undefined;
  readonly MOORING_PRIVATE_NETWORKING?: string | undefined;
}

const Account = z.object({ id: z.string(), tenantId: z.string() });
const Provider = z.object({
  registrationState: z.string(),
  resourceTypes: z.array(z.object({ resourceType: z.string(), locations: z.array(z.string()) })),
});
const Skus = z.array(z.object({ name: z.string(), locations: z.array(z.string()) }));

const providers = [
  "Microsoft.Web",
  "Microsoft.Storage",
  "Microsoft.ServiceBus",
  "Microsoft.ManagedIdentity",
  "Microsoft.OperationalInsights",
  "Microsoft.Insights",
];
const schedulerProvider = "Microsoft.DurableTask";
/** An app's subnet is delegated to Microsoft.App. */
const networkProviders = ["Microsoft.App", "Microsoft.Network"];

export async function findProblems(
  az: Az,
  { catalog, environment }: { catalog: Catalog; environment: CheckedEnvironment },
): Promise<readonly string[]> {
  const { AZURE_LOCATION: location } = environment;
  if (location === undefined) return ["AZURE_LOCATION is not set. Run: azd env set AZURE_LOCATION <region>"];
  const account = Account.parse(await az("account", "show"));
  const checks = await Promise.all([
    checkTenant(catalog, account),
    ...namesOfProviders(environment).map((name) => checkProvider(az, name)),
    checkFlexConsumption(az, location),
    ...(usesScheduler(environment) ? [checkScheduler(az, location)] : []),
    checkStorage(az, { location, sku: environment.MOORING_STORAGE_SKU ?? "Standard_ZRS" }),
    ...clustersOf(catalog).map(({ alias, subscriptionId, identityResourceGroup }) =>
      mustBeThere(az, {
        what: `The resource group ${identityResourceGroup} of cluster "${alias}"`,
        id: `/subscriptions/${subscriptionId}/resourceGroups/${identityResourceGroup}`,
        version: "2024-11-01",
        fix: "Correct subscriptionId or identityResourceGroup in mooring.yaml",
      }),
    ),
    ...sqlServersOf(catalog).map((server) => checkSqlServer(az, server, environment)),
  ]);
  return checks.flat();
}

const SqlServer = z.object({ properties: z.object({ publicNetworkAccess: z.string().optional() }).optional() });

/** There, and to be reached from where the app will run: it is in a network only with private networking. */
async function checkSqlServer(
  az: Az,
  { alias, resourceId }: SqlTarget,
  { MOORING_PRIVATE_NETWORKING: isPrivate }: CheckedEnvironment,
): Promise<readonly string[]> {
  const id = resourceId;
  const fix = "Correct resourceId in mooring.yaml";
  const found = await read(az, { what: `The SQL server "${alias}"`, id, version: "2023-08-01", fix });
  if (found.problem !== undefined) return [found.problem];
  const { publicNetworkAccess } = SqlServer.parse(found.body).properties ?? {};
  if (publicNetworkAccess === undefined || publicNetworkAccess === "Enabled" || isPrivate === "true") return [];
  return [
    `The SQL server "${alias}" takes connections from private networks alone (publicNetworkAccess ${publicNetworkAccess}), and Mooring would be in none. Run: azd env set MOORING_PRIVATE_NETWORKING true; or take the server out of mooring.yaml`,
  ];
}

const usesScheduler = ({ MOORING_BACKEND: backend = "scheduler" }: CheckedEnvironment) => backend === "scheduler";

const namesOfProviders = (environment: CheckedEnvironment) => [
  ...providers,
  ...(usesScheduler(environment) ? [schedulerProvider] : []),
  ...(environment.MOORING_PRIVATE_NETWORKING === "true" ? networkProviders : []),
];

function checkTenant({ tenantId }: Catalog, account: z.infer<typeof Account>): readonly string[] {
  if (tenantId === account.tenantId) return [];
  return [
    `mooring.yaml is for tenant ${tenantId}, and az is logged in to ${account.tenantId}. Write the catalog for this tenant (npm run azure -- catalog --help), or run: az login --tenant ${tenantId}`,
  ];
}

async function checkProvider(az: Az, name: string): Promise<readonly string[]> {
  const { registrationState } = Provider.parse(await az("provider", "show", "--namespace", name));
  if (registrationState === "Registered") return [];
  return [`${name} is not registered in this subscription. Run: az provider register --wait --namespace ${name}`];
}

async function checkFlexConsumption(az: Az, location: string): Promise<readonly string[]> {
  const regions = z
    .array(z.object({ name: z.string() }))
    .parse(await az("functionapp", "list-flexconsumption-locations"));
  const names = regions.map(({ name }) => plain(name));
  if (names.includes(plain(location))) return [];
  return [`Flex Consumption is not in ${location}. Choose one of: ${names.sort().join(", ")}`];
}

async function checkScheduler(az: Az, location: string): Promise<readonly string[]> {
  const { resourceTypes } = Provider.parse(await az("provider", "show", "--namespace", schedulerProvider));
  const names = resourceTypes.find(({ resourceType }) => resourceType === "schedulers")?.locations.map(plain) ?? [];
  if (names.includes(plain(location))) return [];
  return [
    `The Durable Task Scheduler is not in ${location}. Choose one of: ${names.sort().join(", ")}; or keep durable state in the storage account: azd env set MOORING_BACKEND storage`,
  ];
}

async function checkStorage(az: Az, { location, sku }: { location: string; sku: string }): Promise<readonly string[]> {
  const skus = Skus.parse(
    await az("storage", "sku", "list", "--query", "[?kind=='StorageV2'].{name:name,locations:locations}"),
  );
  const there = skus.filter(({ locations }) => locations.map(plain).includes(plain(location))).map(({ name }) => name);
  if (there.includes(sku)) return [];
  return [
    `${sku} storage is not in ${location}. Run: azd env set MOORING_STORAGE_SKU ${there.includes("Standard_LRS") ? "Standard_LRS" : "<one that is>"}`,
  ];
}

interface Named {
  readonly what: string;
  readonly id: string;
  readonly version: string;
  readonly fix: string;
}

async function mustBeThere(az: Az, named: Named): Promise<readonly string[]> {
  const { problem } = await read(az, named);
  return problem === undefined ? [] : [problem];
}

async function read(
  az: Az,
  { what, id, version, fix }: Named,
): Promise<{ readonly body?: unknown; readonly problem?: string }> {
  try {
    return { body: await az("rest", "--method", "GET", "--url", `${id}?api-version=${version}`) };
  } catch (error) {
    if (!(error instanceof AzFailed)) throw error;
    return {
      problem: `${what} cannot be read, and Mooring is to have rights there. ${fix}, or log in as somebody who may. ${error.message}`,
    };
  }
}

/** "West Europe" and "westeurope" are the same. */
function plain(region: string): string {
  return region.toLowerCase().replaceAll(" ", "");
}
