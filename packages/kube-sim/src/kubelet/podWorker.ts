/** The life of one pod: prepare, run, report, and run again if its restart policy says so. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeIdentity } from "azure-sim/nodeIdentity";
import { ApiError, type KubernetesApi } from "../cluster/api.ts";
import { type ContainerProcess, type Image, startContainer } from "./containerProcess.ts";
import { egressVariable } from "./egressVariable.ts";
import { ContainerConfigError, readEnvironment } from "./environment.ts";
import { egressOf, type Opening } from "./networkPolicies.ts";
import { firstContainer, type Pod, podPath } from "./pod.ts";
import { runningStatus, terminatedStatus, waitingStatus } from "./status.ts";
import { projectTokens } from "./tokenVolumes.ts";

export interface Node {
  readonly cluster: string;
  readonly api: KubernetesApi;
  readonly images: Readonly<Record<string, Image>>;
  /** Present when the cluster has aad-pod-identity. */
  readonly nodeIdentity: NodeIdentity | undefined;
  readonly variables: Readonly<Record<string, string>>;
  /** The certificate authority that every process has to trust; PEM. */
  readonly ca: string;
  readonly restartDelayMs: number;
  readonly graceMs: number;
}

export interface PodWorker {
  readonly uid: string;
  readonly log: () => string;
  /** Ends the process, and removes what was written for it. */
  stop(): Promise<void>;
}

const logLimit = 1_000_000;
const terminationLog = "termination-log";
/** A kubelet keeps the end of a longer one. */
const longestMessage = 4_096;

export function startPodWorker(node: Node, pod: Pod): PodWorker {
  const stopping = new AbortController();
  const container = firstContainer(pod);
  let log = "";
  let running: ContainerProcess | undefined;

  const report = (status: object) => reportOf(node, pod, { status, signal: stopping.signal });

  async function prepare(
    folder: string,
  ): Promise<{ environment: Record<string, string>; detach: () => Promise<void> }> {
    const { cluster, api, nodeIdentity } = node;
    const trust = join(folder, "ca.pem");
    await writeFile(trust, node.ca, { mode: 0o600 });
    const environment = await readEnvironment(api, pod);
    const egress = await egressOf(api, pod);
    const projected = await projectTokens(api, { pod, folder, environment });
    const { namespace, name } = pod.metadata;
    const attached = await nodeIdentity?.attachPod({ cluster, namespace, pod: name });
    return {
      environment: {
        ...(process.env["PATH"] === undefined ? {} : { PATH: process.env["PATH"] }),
        ...node.variables,
        HOSTNAME: name,
        NODE_EXTRA_CA_CERTS: trust,
        // The processes of all pods share one /dev: what writes to its termination log reads this first.
        TERMINATION_MESSAGE_PATH: join(folder, terminationLog),
        ...(attached ? { AZURE_POD_IDENTITY_AUTHORITY_HOST: attached.authorityHost } : {}),
        ...projected,
        ...(egress ? holding(projected, egress) : {}),
      },
      detach: async () => attached?.detach(),
    };
  }

  async function runOnce(image: Image, restartCount: number): Promise<number> {
    const folder = await mkdtemp(join(tmpdir(), "mooring-pod-"));
    try {
      const { environment, detach } = await prepare(folder);
      try {
        if (stopping.signal.aborted) return 143;
        const startedAt = new Date();
        running = startContainer({
          image,
          environment,
          folder,
          onOutput: (text) => {
            log = (log + text).slice(-logLimit);
          },
        });
        await report(runningStatus(container, { startedAt, restartCount }));
        const exitCode = await running.ended;
        const willRestart = restarts(pod, exitCode);
        const message = await readFile(join(folder, terminationLog), "utf8").catch(() => "");
        const ended = { startedAt, exitCode, restartCount, log, willRestart, message: message.slice(-longestMessage) };
        await report(terminatedStatus(container, ended));
        return exitCode;
      } finally {
        await running?.stop(0);
        running = undefined;
        await detach();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async function live(): Promise<void> {
    const image = node.images[container.image];
    if (!image) {
      await report(waitingStatus(container, "ErrImagePull", `image "${container.image}" is not one of this sandbox`));
      return;
    }
    for (let restartCount = 0; !stopping.signal.aborted; ) {
      try {
        const exitCode = await runOnce(image, restartCount);
        if (!restarts(pod, exitCode)) return;
        restartCount += 1;
      } catch (error) {
        if (!(error instanceof ContainerConfigError)) log += `kubelet: ${String(error)}\n`;
        await report(waitingStatus(container, "CreateContainerConfigError", String(error))).catch(() => undefined);
      }
      await sleep(node.restartDelayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const life = live().catch((error: unknown) => {
    log += `kubelet: ${String(error)}\n`;
  });
  return {
    uid: pod.metadata.uid,
    log: () => log,
    async stop() {
      stopping.abort();
      await running?.stop(node.graceMs);
      await life;
    },
  };
}

/** The process goes on whether or not the API server answers; its status is reported as soon as the server does. */
async function reportOf(
  { api }: Node,
  pod: Pod,
  { status, signal }: { status: object; signal: AbortSignal },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await api.mergePatch(`${podPath(pod)}/status`, { metadata: { uid: pod.metadata.uid }, status });
      return;
    } catch (error) {
      // Another uid is a field that cannot change.
      const isReplaced = error instanceof ApiError && (error.status === 409 || error.status === 422);
      if (isReplaced || signal.aborted) return;
      if (attempt === 10) throw error;
    }
    await sleep(100 * attempt, undefined, { signal }).catch(() => undefined);
  }
}

/** A module before the program refuses what the pod's network policies do not open. */
function holding({ NODE_OPTIONS: own }: Readonly<Record<string, string>>, egress: readonly Opening[]) {
  const held = `--import=${new URL("holdProcess.ts", import.meta.url).href}`;
  return { NODE_OPTIONS: own === undefined ? held : `${own} ${held}`, [egressVariable]: JSON.stringify(egress) };
}

function restarts({ spec: { restartPolicy } }: Pod, exitCode: number): boolean {
  return restartPolicy === "Always" || (restartPolicy === "OnFailure" && exitCode !== 0);
}
