/** Everything that Mooring needs on one machine: the simulated cloud, and the service on the embedded host in it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Faults } from "azure-sim/faults";
import type { Simulator } from "azure-sim/simulator";
import type { Turn } from "functions-host/turnFaults";
import { ensureBuilt } from "./build.ts";
import { type Cloud, type CloudOptions, startCloud } from "./cloud.ts";
import { writeCloudFiles } from "./cloudFiles.ts";
import { describeEnvironment } from "./control/environment.ts";
import { startControl } from "./control/server.ts";
import type { HostProcess } from "./hostChild.ts";
import { startHostProcess } from "./hostProcess.ts";

export interface SandboxOptions extends CloudOptions {
  /** The service's port; any free one by default. */
  readonly port?: number;
  /** The lowest level that the service logs. */
  readonly logLevel?: "information" | "warning";
  readonly onLog?: (line: string) => void;
  /** Options of Node for the service's process, which win over its usual ones. */
  readonly nodeOptions?: readonly string[];
  /** The folder of a function app, such as another release's; by default the checkout, rebuilt when necessary. */
  readonly app?: string;
  /** What that app reads as its catalog: an earlier release knows fewer fields. */
  readonly catalogFor?: (app: string, catalog: string) => string;
}

export interface Sandbox {
  /** The service's; the same after a restart. */
  readonly url: string;
  readonly cloud: Cloud;
  /** The operator's, for the header x-mooring-key; undefined without authentication, and with the operator's own catalog. */
  readonly key: string | undefined;
  /** Where the service keeps its data, until the sandbox is closed. */
  readonly dataFolder: string;
  /** The certificate authority of every simulated service, as a PEM file. */
  readonly authorityFile: string;
  /** Files for kubectl and any other client of a simulated cluster, by the cluster's name; with all rights. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
  /** For FreeTDS (FREETDSCONF), with an entry for each SQL server. */
  readonly freetdsFile: string;
  /** For the Azure CLI (AZURE_CONFIG_DIR), which creates it. */
  readonly azureConfigFolder: string;
  /** The first cluster's. */
  readonly kubeconfig: string;
  /** Process id of the service; different after a restart. */
  readonly hostPid: number;
  /** Settles when the service's process has ended, for whatever reason; a new promise after a restart. */
  readonly hostEnded: Promise<void>;
  /** Sends SIGKILL to the service; the cloud goes on. */
  killHost(): Promise<void>;
  /** Starts the service again, on the same store and port; with another app, as a deployment does. */
  restartHost(app?: string): Promise<void>;
  close(): Promise<void>;
}

/** The checkout, whose package.json names the built app. */
const checkout = dirname(import.meta.dirname);

export async function startSandbox({
  port = 0,
  logLevel,
  onLog,
  nodeOptions = [],
  app,
  catalogFor = (_app, catalog) => catalog,
  ...options
}: SandboxOptions = {}): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), "mooring-"));
  const data = join(folder, "host");
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  const building = app === undefined ? ensureBuilt() : Promise.resolve();
  // Awaited below, when everything that started alongside it can be closed again.
  building.catch(() => undefined);
  let cloud: Cloud | undefined;
  let control: Simulator | undefined;
  let host: HostProcess;
  try {
    cloud = await startCloud(options);
    control = await startControl({ cloud, environment: () => describeEnvironment(sandbox) });
    await building;
    const { kubeconfigs, freetdsFile, files } = await writeCloudFiles(folder, cloud);
    const settings = {
      // As in Azure (infra/modules/app.bicep).
      FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "1100000",
      ...cloud.settings,
      ...files,
      ...(logLevel ? { MOORING_LOG_LEVEL: logLevel } : {}),
    };
    const { faults, catalog } = cloud;
    const { url: controlUrl } = control;
    const start = async (onPort: number, appFolder: string) => {
      await writeFile(files.MOORING_CATALOG, catalogFor(appFolder, catalog));
      const started = await startHostProcess({
        app: appFolder,
        port: onPort,
        data,
        settings,
        sandbox: controlUrl,
        yields: true,
        nodeOptions,
        meetTurn: (turn) => meetTurn(faults, turn),
        ...(onLog ? { onLog } : {}),
      });
      faults.onChange = () => started.hasTurnFaults(faults.has("durable"));
      faults.onChange();
      return started;
    };
    let current = app ?? checkout;
    host = await start(port, current);
    const { url } = host;
    const running = cloud;
    running.allowSignIn(`${url}/dashboard`);
    const runningControl = control;
    const sandbox: Sandbox = {
      url,
      cloud: running,
      dataFolder: data,
      key: running.callers?.key,
      kubeconfigs,
      freetdsFile,
      azureConfigFolder: join(folder, "azure"),
      kubeconfig: Object.values(kubeconfigs)[0] ?? "",
      authorityFile: files.NODE_EXTRA_CA_CERTS,
      get hostPid() {
        return host.pid;
      },
      get hostEnded() {
        return host.ended;
      },
      killHost: () => host.kill(),
      async restartHost(another) {
        current = another ?? current;
        host = await start(Number(new URL(url).port), current);
      },
      async close() {
        // Nothing is kept, so the host needs no orderly shutdown.
        await host.kill();
        await runningControl.close();
        await running.close();
        await removeFolder();
      },
    };
    return sandbox;
  } catch (error) {
    await control?.close();
    await cloud?.close();
    await removeFolder();
    throw error;
  }
}

/** The Durable extension's message when it has no worker for an orchestration that is due. */
const noWorkers = "Did not find any initialized language workers";

/** An error fails the orchestration, a delay holds it up; the other effects are for connections. */
async function meetTurn(faults: Faults, { name, instanceId }: Turn): Promise<string | undefined> {
  const effect = await faults.meet({ wire: "durable", operation: name, target: instanceId });
  return effect?.kind === "error" ? (effect.message ?? noWorkers) : undefined;
}
