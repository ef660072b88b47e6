/**
 * Empty tables for a suite: an account of its worker's only Azurite, which ends with the worker. Starting one takes most of a
 * second of processor time, and its first calls are slow.
 */
import { startTableServer, type TableServer, type TableService } from "../../packages/azure-sim/src/tables/azurite.ts";
import { type Certificate, createCertificate } from "../../packages/azure-sim/src/tls.ts";

export interface EmptyTables {
  /** The table service's, which every other service of the suite may have too. */
  readonly tls: Certificate;
  readonly tables: TableService;
}

interface Running {
  readonly tls: Certificate;
  readonly server: TableServer;
}

let running: Promise<Running> | undefined;

export async function openTables(): Promise<EmptyTables> {
  running ??= start();
  const { tls, server } = await running;
  return { tls, tables: { endpoint: server.openAccount(), close: async () => undefined } };
}

async function start(): Promise<Running> {
  const tls = await createCertificate();
  return { tls, server: await startTableServer(tls) };
}
