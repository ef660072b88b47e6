/** Empty tables for one test, and what the registry's adapters need to reach them. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { startTableService } from "../../local/azurite.ts";
import { mintAccessToken } from "../../local/simulators/entra/index.ts";
import { createCertificate } from "../../local/simulators/tls.ts";
import { createWorld } from "../../local/simulators/world.ts";
import type { TableSettings } from "../../src/adapters/registry/tables.ts";

export interface Tables {
  readonly settings: TableSettings;
  close(): Promise<void>;
}

export async function startTables(): Promise<Tables> {
  const tls = await createCertificate();
  setDefaultCACertificates([...getCACertificates("default"), tls.certificate]);
  const { endpoint, close } = await startTableService(tls);
  const principal = { displayName: "mooring", clientId: crypto.randomUUID(), principalId: crypto.randomUUID() };
  const token = await mintAccessToken(await createWorld(), principal, "https://storage.azure.com");
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_000_000 }) };
  return { settings: { endpoint, credential }, close };
}
