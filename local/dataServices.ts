/** The data of the catalog's storage accounts and key vaults: simulators that have in them what the catalog names. */
import type { Catalog } from "../src/domain/catalog/catalog.ts";
import type { CatalogDocument } from "./catalogs.ts";
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
  const vaultIds = new Set(
    Object.values(targets).flatMap((each) => (each.kind === "keyVaultSecrets" ? [each.resourceId] : [])),
  );
  const [storage, ...vaults] = await Promise.all([
    accounts.length > 0 ? keep(startStorage(context, { accounts })) : undefined,
    ...[...vaultIds].map((id) => keep(startKeyVault(context, { id }))),
  ]);
  return { storage, vaults: new Map(vaults.map((vault) => [vault.id.toLowerCase(), vault])) };
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
export function withEndpoints(document: CatalogDocument, { storage, vaults }: DataServices): CatalogDocument {
  const targets = Object.entries(document.targets ?? {}).map(([alias, target]) => {
    const endpoint = isStorage(target.kind)
      ? storage?.endpointOf(storageServices[target.kind], target.resourceId.split("/").at(-1) ?? "")
      : target.kind === "keyVaultSecrets"
        ? vaults.get(target.resourceId.toLowerCase())?.endpoint
        : undefined;
    return [alias, endpoint === undefined ? target : { ...target, endpoint }] as const;
  });
  return { ...document, targets: Object.fromEntries(targets) as NonNullable<CatalogDocument["targets"]> };
}
