/** The data of the catalog's storage accounts, key vaults and Cosmos DB accounts: simulators that have in them what the catalog names. */
import type { Catalog } from "../src/domain/catalog/catalog.ts";
import type { CatalogDocument } from "./catalogs.ts";
import { type CosmosSimulator, startCosmos } from "./simulators/cosmos/index.ts";
import { startKeyVault, type VaultSimulator } from "./simulators/keyVault/index.ts";
import type { SimulatorContext } from "./simulators/simulator.ts";
import type { Account } from "./simulators/storage/data.ts";
import { type StorageSimulator, startStorage } from "./simulators/storage/index.ts";

type Targets = Catalog["targets"];
type Kind = Targets[string]["kind"];

export interface DataServices {
  /** Undefined if the catalog has no storage account. */
  readonly storage: StorageSimulator | undefined;
  /** By the IDs of their resources, in lower case. */
  readonly vaults: ReadonlyMap<string, VaultSimulator>;
  /** The same. */
  readonly cosmosAccounts: ReadonlyMap<string, CosmosSimulator>;
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
  const [storage, vaults, cosmosAccounts] = await Promise.all([
    accounts.length > 0 ? keep(startStorage(context, { accounts })) : undefined,
    Promise.all(idsOf(targets, "keyVaultSecrets").map((id) => keep(startKeyVault(context, { id })))),
    Promise.all(idsOf(targets, "cosmosNoSql").map((id) => keep(startCosmos(context, { id })))),
  ]);
  return { storage, vaults: byId(vaults), cosmosAccounts: byId(cosmosAccounts) };
}

/** Of the resources with targets of that kind, each once, as Azure compares IDs. */
function idsOf(targets: Targets, kind: Kind): readonly string[] {
  const ids = Object.values(targets).flatMap((each) => (each.kind === kind ? [each.resourceId] : []));
  return [...new Map(ids.map((id) => [id.toLowerCase(), id])).values()];
}

function byId<S extends { readonly id: string }>(simulators: readonly S[]): ReadonlyMap<string, S> {
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

/** The catalog with the simulators' addresses in place of Azure's. */
export function withEndpoints(
  document: CatalogDocument,
  { storage, vaults, cosmosAccounts }: DataServices,
): CatalogDocument {
  const targets = Object.entries(document.targets ?? {}).map(([alias, target]) => {
    const endpoint = isStorage(target.kind)
      ? storage?.endpointOf(storageServices[target.kind], target.resourceId.split("/").at(-1) ?? "")
      : (vaults.get(target.resourceId.toLowerCase()) ?? cosmosAccounts.get(target.resourceId.toLowerCase()))?.endpoint;
    return [alias, endpoint === undefined ? target : { ...target, endpoint }] as const;
  });
  return { ...document, targets: Object.fromEntries(targets) as NonNullable<CatalogDocument["targets"]> };
}
