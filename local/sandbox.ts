/** Everything that Mooring needs on one machine: the simulated cloud, and the service on the embedded host in it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Cloud, type CloudOptions, startCloud } from "./cloud.ts";
import { type HostProcess, startHostProcess } from "./hostProcess.ts";

export interface SandboxOptions extends CloudOptions {
  /** Of the service; any free port without it. */
  readonly port?: number;
  readonly onLog?: (line: string) => void;
}

export interface Sandbox {
  /** Of the service; the same after a restart. */
  readonly url: string;
  readonly cloud: Cloud;
  /** SIGKILL to the service; the cloud goes on, as clouds do. */
  killHost(): Promise<void>;
  /** Starts the service again, on the same store and port. */
  restartHost(): Promise<void>;
  close(): Promise<void>;
}

/** The checkout, whose package.json names the built app. */
const app = dirname(import.meta.dirname);

export async function startSandbox({ port = 0, onLog, ...options }: SandboxOptions = {}): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), "mooring-"));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  let cloud: Cloud | undefined;
  let host: HostProcess;
  try {
    cloud = await startCloud(options);
    const settings = { ...cloud.settings, ...(await writeFiles(folder, cloud)) };
    const start = (onPort: number) =>
      startHostProcess({ app, port: onPort, data: join(folder, "host"), settings, ...(onLog ? { onLog } : {}) });
    host = await start(port);
    const { url } = host;
    const running = cloud;
    return {
      url,
      cloud: running,
      killHost: () => host.kill(),
      async restartHost() {
        host = await start(Number(new URL(url).port));
      },
      async close() {
        await host.close();
        await running.close();
        await removeFolder();
      },
    };
  } catch (error) {
    await cloud?.close();
    await removeFolder();
    throw error;
  }
}

async function writeFiles(folder: string, { catalog, tls }: Cloud): Promise<Record<string, string>> {
  const catalogFile = join(folder, "mooring.yaml");
  const authorityFile = join(folder, "sandbox-ca.pem");
  await Promise.all([writeFile(catalogFile, catalog), writeFile(authorityFile, tls.certificate)]);
  return {
    MOORING_CATALOG: catalogFile,
    // The production code verifies certificates as always; the machine's trust store has one authority more.
    NODE_EXTRA_CA_CERTS: authorityFile,
  };
}
