/** The data of what the catalog's targets name, apart from databases: simulators that have in them what the catalog names. */

import {
  type ConfigurationStoreSimulator,
  startAppConfiguration,
} from "../packages/azure-sim/src/appConfiguration/index.ts";
import { type CosmosSimulator, startCosmos } from "../packages/azure-sim/src/cosmos/index.ts";
import { startKeyVault, type VaultSimulator } from "../packages/azure-sim/src/keyVault/index.ts";
import { type OpenAiSimulator, startOpenAi } from "../packages/azure-sim/src/openAi/index.ts";
import type { SimulatorContext } from "../packages/azure-sim/src/simulator.ts";
import type { Account } from "../packages/azure-sim/src/storage/data.ts";
import { type StorageSimulator, startStorage } from "../packages/azure-sim/src/storage/index.ts";
import type { Catalog } from "../src/domain/catalog/catalog.ts";
import { isSameId } from "../src/domain/naming/resourceId.ts";
import type { CatalogDocument } from "./catalogs.ts";
import { type BusNamespace, type HubsNamespace, startBusNamespace, startHubsNamespace } from "./messagingServices.ts";

type Targets = Catalog["targets"];
type Kind = Targets[string]["kind"];

export interface DataServices {
  /** Undefined if the catalog has no storage account. */
  readonly storage: StorageSimulator | undefined;
  /** By the IDs of their resources, in lower case. */
  readonly vaults: ReadonlyMap<string, VaultSimulator>;
  /** These the same. */
  readonly cosmosAccounts: ReadonlyMap<string, CosmosSimulator>;
  readonly configurationStores: ReadonlyMap<string, ConfigurationStoreSimulator>;
  readonly openAiResources: ReadonlyMap<string, OpenAiSimulator>;
  readonly busNamespaces: ReadonlyMap<string, BusNamespace>;
  readonly hubsNamespaces: ReadonlyMap<string, HubsNamespace>;
}

const storageServices = { storageBlob: "blob", storageQueue: "queue", storageTable: "table" } as const;

function isStorage(kind: Kind): kind is keyof typeof storageServices {
  return Object.hasOwn(storageServices, kind);
}

/** What is started is closed by `keep`. */
export async function startDataServices(
  context: SimulatorContext,
  targets: Targets,
  keep: <S extends { close(): Promise<void> }>(starting: Promise<S>) => Promise<S>,
): Promise<DataServices> {
  const accounts = accountsIn(targets);
  const startEach = <S extends Resource & { close(): Promise<void> }>(
    kind: Kind,
    start: (context: SimulatorContext, options: { readonly id: string; readonly targets: Targets }) => Promise<S>,
  ) => Promise.all(idsOf(targets, kind).map((id) => keep(start(context, { id, targets })))).then(byId);
  const [storage, vaults, cosmosAccounts, configurationStores, openAiResources, busNamespaces, hubsNamespaces] =
    await Promise.all([
      accounts.length > 0 ? keep(startStorage(context, { accounts })) : undefined,
      startEach("keyVaultSecrets", (each, { id }) => startKeyVault(each, { id, names: secretsIn(targets, id) })),
      startEach("cosmosNoSql", startCosmos),
      startEach("appConfiguration", startAppConfiguration),
      startEach("openAi", startOpenAi),
      startEach("serviceBus", startBusNamespace),
      startEach("eventHubs", startHubsNamespace),
    ]);
  return { storage, vaults, cosmosAccounts, configurationStores, openAiResources, busNamespaces, hubsNamespaces };
}

interface Resource {
  readonly id: string;
}

/** Of the resources with targets of that kind, each once, as Azure compares IDs. */
function idsOf(targets: Targets, kind: Kind): readonly string[] {
  const ids = Object.values(targets).flatMap((each) => (each.kind === kind ? [each.resourceId] : []));
  return [...new Map(ids.map((id) => [id.toLowerCase(), id])).values()];
}

function byId<S extends Resource>(simulators: readonly S[]): ReadonlyMap<string, S> {
  return new Map(simulators.map((each) => [each.id.toLowerCase(), each]));
}

function accountsIn(targets: Targets): readonly Account[] {
  const accounts = new Map<string, Account>();
  for (const target of Object.values(targets)) {
    if (!isStorage(target.kind)) continue;
    const { resourceId: id } = target;
    const key = id.toLowerCase();
    const account = accounts.get(key) ?? { id, containers: new Map(), queues: new Map(), tables: new Map() };
    accounts.set(key, account);
    if (target.kind === "storageBlob" && target.container) account.containers.set(target.container, new Map());
    if (target.kind === "storageQueue" && target.queue) account.queues.set(target.queue, []);
    if (target.kind === "storageTable" && target.table) account.tables.set(target.table, []);
  }
  return [...accounts.values()];
}

function secretsIn(targets: Targets, vaultId: string): readonly string[] {
  return Object.values(targets).flatMap((target) =>
    target.kind === "keyVaultSecrets" && isSameId(target.resourceId, vaultId) ? (target.secret ?? []) : [],
  );
}

/** The catalog with the simulators' addresses in place of Azure's. Clients of AMQP take a host's name alone, so that stays. */
export function withEndpoints(
  document: CatalogDocument,
  { storage, vaults, cosmosAccounts, configurationStores, openAiResources }: DataServices,
): CatalogDocument {
  const all = [vaults, cosmosAccounts, configurationStores, openAiResources];
  const endpointOf = ({ kind, resourceId }: { readonly kind: Kind; readonly resourceId: string }) => {
    if (isStorage(kind)) return storage?.endpointOf(storageServices[kind], resourceId.split("/").at(-1) ?? "");
    return all.map((each) => each.get(resourceId.toLowerCase())?.endpoint).find((each) => each !== undefined);
  };
  const targets = Object.entries(document.targets ?? {}).map(([alias, target]) => {
    const endpoint = endpointOf(target);
    return [alias, endpoint === undefined ? target : { ...target, endpoint }] as const;
  });
  return { ...document, targets: Object.fromEntries(targets) as NonNullable<CatalogDocument["targets"]> };
}
