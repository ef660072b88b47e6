/**
 * A minimal kubelet: it watches the pods of a cluster and runs the first container of each as a process of this machine.
 * An image names a known command, and a process gets only its pod's environment. A pod's spec chooses no command, but by its
 * variables (NODE_OPTIONS) it may: whoever creates pods can run code here, as on any node.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { NodeIdentity } from "../../../azure-sim/src/nodeIdentity/index.ts";
import { createApi } from "../cluster/api.ts";
import type { Image } from "./containerProcess.ts";
import { Pod, podPath } from "./pod.ts";
import { type Node, type PodWorker, startPodWorker } from "./podWorker.ts";

export interface KubeletOptions {
  /** The cluster's name in the world. */
  readonly cluster: string;
  readonly url: string;
  /** The certificate authority of the API server and of every service that the workloads call; PEM. */
  readonly ca: string;
  readonly adminToken: string;
  readonly images: Readonly<Record<string, Image>>;
  readonly nodeIdentity?: NodeIdentity;
  /** What every process finds in its environment, unless its pod says otherwise. */
  readonly variables?: Readonly<Record<string, string>>;
  /** A real kubelet starts with 10 s. */
  readonly restartDelayMs?: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs?: number;
}

export interface Kubelet {
  /** What the pod's process printed; undefined when there is no such pod. */
  log(pod: { namespace: string; name: string }): string | undefined;
  close(): Promise<void>;
}

const PodList = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.unknown()),
});
const WatchEvent = z.object({ type: z.string(), object: z.unknown() });

export function startKubelet(options: KubeletOptions): Kubelet {
  const { cluster, url, ca, adminToken, images, nodeIdentity, variables = {} } = options;
  const { restartDelayMs = 1000, graceMs = 2000 } = options;
  const api = createApi({ url, ca, token: adminToken });
  const node: Node = { cluster, api, images, nodeIdentity, variables, ca, restartDelayMs, graceMs };
  const closing = new AbortController();
  const workers = new Map<string, PodWorker>();
  const stops = new Set<Promise<void>>();

  function stop(key: string): Promise<void> {
    const worker = workers.get(key);
    if (!worker) return Promise.resolve();
    workers.delete(key);
    const stopped = worker.stop().finally(() => stops.delete(stopped));
    stops.add(stopped);
    return stopped;
  }

  /** Acts on the current state of a pod. */
  function see(pod: Pod): void {
    const key = keyOf(pod);
    const worker = workers.get(key);
    // Recreated under the same name.
    if (worker && worker.uid !== pod.metadata.uid) void stop(key);
    if (pod.metadata.deletionTimestamp !== undefined) {
      // A graceful deletion ends when the kubelet says so.
      const preconditions = { uid: pod.metadata.uid };
      void stop(key)
        .then(() => api.remove(podPath(pod), { gracePeriodSeconds: 0, preconditions }))
        // It may be gone with its namespace; if not, the next list shows it again.
        .catch(() => undefined);
      return;
    }
    const isOver = pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
    if (!workers.has(key) && !isOver) workers.set(key, startPodWorker(node, pod));
  }

  async function listAndWatch(signal: AbortSignal): Promise<void> {
    const { metadata, items } = PodList.parse(await api.get("/api/v1/pods"));
    const pods = items.flatMap(readPod);
    const present = new Set(pods.map(keyOf));
    for (const key of workers.keys()) if (!present.has(key)) void stop(key);
    for (const pod of pods) see(pod);
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`;
    await api.watch(`/api/v1/pods?${query}`, {
      signal,
      onEvent(event) {
        const { type, object } = WatchEvent.parse(event);
        // Most often 410: the version is too old to watch from.
        if (type === "ERROR") throw new Error(`the watch failed: ${JSON.stringify(object)}`);
        for (const pod of readPod(object)) {
          if (type === "ADDED" || type === "MODIFIED") see(pod);
          if (type === "DELETED") void stop(keyOf(pod));
        }
      },
    });
  }

  async function live(): Promise<void> {
    const { signal } = closing;
    while (!signal.aborted) {
      // A watch ends for many reasons, 410 among them, and all of them mean: list again.
      await listAndWatch(signal).catch(() => undefined);
      await sleep(200, undefined, { signal }).catch(() => undefined);
    }
  }

  const life = live();
  return {
    log: ({ namespace, name }) => workers.get(`${namespace}/${name}`)?.log(),
    async close() {
      closing.abort();
      await life;
      for (const key of [...workers.keys()]) void stop(key);
      await Promise.all(stops);
      api.close();
    },
  };
}

/** Empty for anything but a pod, such as a bookmark: one odd object must not keep the others from running. */
function readPod(object: unknown): Pod[] {
  const { data } = Pod.safeParse(object);
  return data ? [data] : [];
}

function keyOf({ metadata: { namespace, name } }: Pod): string {
  return `${namespace}/${name}`;
}
