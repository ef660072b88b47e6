/** All rows of a storage account's tables, as plain JSON and back. */
import { TableClient, TableServiceClient, type TransactionAction } from "@azure/data-tables";
import type { TableSettings } from "../../../src/adapters/registry/tables.ts";

export interface Row {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly [property: string]: string | number | boolean;
}

export type Tables = Readonly<Record<string, readonly Row[]>>;

export async function dumpTables({ endpoint, credential }: TableSettings): Promise<Tables> {
  const names: string[] = [];
  for await (const { name } of new TableServiceClient(endpoint, credential).listTables()) names.push(name ?? "");
  const tables: Record<string, readonly Row[]> = {};
  for (const name of names.toSorted()) {
    const rows: Row[] = [];
    for await (const entity of new TableClient(endpoint, name, credential).listEntities()) rows.push(toRow(entity));
    tables[name] = rows;
  }
  return tables;
}

export async function loadTables({ endpoint, credential }: TableSettings, tables: Tables): Promise<void> {
  for (const [name, rows] of Object.entries(tables)) {
    const client = new TableClient(endpoint, name, credential);
    await client.createTable();
    for (const [partition, own] of Map.groupBy(rows, ({ partitionKey }) => partitionKey)) {
      const actions = own.map((row): TransactionAction => ["create", { ...row, partitionKey: partition }]);
      // A transaction takes 100 rows of one partition.
      for (let from = 0; from < actions.length; from += 100) {
        await client.submitTransaction(actions.slice(from, from + 100));
      }
    }
  }
}

/** Set by the service with every write. */
const systemProperties = new Set(["etag", "timestamp"]);

function toRow(entity: object): Row {
  const { partitionKey, rowKey, ...properties } = Object.fromEntries(Object.entries(entity));
  const row: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (systemProperties.has(name) || name.startsWith("odata.")) continue;
    if (!["string", "number", "boolean"].includes(typeof value))
      throw new Error(`${rowKey} has a ${name} of an unknown type`);
    row[name] = value;
  }
  return { partitionKey, rowKey, ...row };
}
