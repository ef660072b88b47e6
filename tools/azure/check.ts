/**
 * Finds what would stop a deployment partway, before anything is created: `npm run azure -- check`, azd's hook before
 * provisioning. It reports all problems together, each with its fix.
 */
import { z } from "zod";
import { createIssuers } from "../../src/adapters/issuers/index.ts";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import type { Issuers } from "../../src/ports/issuers.ts";
import type { Az } from "./az.ts";
import { checkTargets } from "./checkTargets.ts";

/** Parameters, by the names under which azd passes them. */
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
  {
    catalog,
    environment,
    issuers = createIssuers(),
  }: { catalog: Catalog; environment: CheckedEnvironment; issuers?: Issuers },
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
    checkTargets(az, { catalog, issuers, isPrivate: environment.MOORING_PRIVATE_NETWORKING === "true" }),
  ]);
  return checks.flat();
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
    `mooring.yaml is for tenant ${tenantId}, but az is logged in to ${account.tenantId}. Write the catalog for this tenant (npm run azure -- catalog --help), or run: az login --tenant ${tenantId}`,
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
  return [`Flex Consumption is not available in ${location}. Choose one of: ${names.sort().join(", ")}`];
}

async function checkScheduler(az: Az, location: string): Promise<readonly string[]> {
  const { resourceTypes } = Provider.parse(await az("provider", "show", "--namespace", schedulerProvider));
  const names = resourceTypes.find(({ resourceType }) => resourceType === "schedulers")?.locations.map(plain) ?? [];
  if (names.includes(plain(location))) return [];
  return [
    `The Durable Task Scheduler is not available in ${location}. Choose one of: ${names.sort().join(", ")}; or keep durable state in the storage account: azd env set MOORING_BACKEND storage`,
  ];
}

async function checkStorage(az: Az, { location, sku }: { location: string; sku: string }): Promise<readonly string[]> {
  const skus = Skus.parse(
    await az("storage", "sku", "list", "--query", "[?kind=='StorageV2'].{name:name,locations:locations}"),
  );
  const there = skus.filter(({ locations }) => locations.map(plain).includes(plain(location))).map(({ name }) => name);
  if (there.includes(sku)) return [];
  return [
    `${sku} storage is not available in ${location}. Run: azd env set MOORING_STORAGE_SKU ${there.includes("Standard_LRS") ? "Standard_LRS" : "<one that is available>"}`,
  ];
}

/** "West Europe" and "westeurope" are the same. */
function plain(region: string): string {
  return region.toLowerCase().replaceAll(" ", "");
}
