/** Empty tables for one test, and what the registry's adapters need to reach them. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { TableClient } from "@azure/data-tables";
import { mintAccessToken } from "../../packages/azure-sim/src/entra/index.ts";
import type { Faults } from "../../packages/azure-sim/src/faults.ts";
import { createWorld } from "../../packages/azure-sim/src/world.ts";
import { startTableFaults } from "../../sandbox/tableFaults.ts";
import type { TableSettings } from "../../src/adapters/registry/tables.ts";
import { openTables } from "./emptyTables.ts";

export interface Tables {
  readonly settings: TableSettings;
  /** The raw rows of a table. */
  rowsOf(table: string): TableClient;
  /** The same tables through a proxy that breaks calls. */
  startBroken(faults: Faults): Promise<TableSettings>;
  close(): Promise<void>;
}

export async function startTables(): Promise<Tables> {
  const { tls, tables } = await openTables();
  setDefaultCACertificates([...getCACertificates("default"), tls.certificate]);
  const { endpoint } = tables;
  const closes: (() => Promise<void>)[] = [];
  const principal = { displayName: "mooring", clientId: crypto.randomUUID(), principalId: crypto.randomUUID() };
  const token = await mintAccessToken(await createWorld(), principal, "https://storage.azure.com");
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_000_000 }) };
  return {
    settings: { endpoint, credential },
    rowsOf: (table) => new TableClient(endpoint, table, credential),
    async startBroken(faults) {
      const broken = await startTableFaults(tables, { faults, tls });
      closes.push(broken.close);
      return { endpoint: broken.endpoint, credential };
    },
    async close() {
      for (const close of closes) await close();
    },
  };
}
