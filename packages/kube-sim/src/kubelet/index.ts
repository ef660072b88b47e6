/**
 * A minimal kubelet: it watches the pods of a cluster and runs the first container of each as a process of this machine.
 * An image names a known command, and a process gets only its pod's environment. A pod's spec chooses no command, but by its
 * variables (NODE_OPTIONS) it may: whoever creates pods can run code here, as on any node.
 */
import type { NodeIdentity } from "azure-sim/nodeIdentity";
import { createApi } from "../cluster/api.ts";
import { follow } from "../cluster/follow.ts";
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

export function startKubelet(options: KubeletOptions): Kubelet {
  const { cluster, url, ca, adminToken, images, nodeIdentity, variables = {} } = options;
  const { restartDelayMs = 1000, graceMs = 2000 } = options;
  const api = createApi({ url, ca, token: adminToken });
  const node: Node = { cluster, api, images, nodeIdentity, variables, ca, restartDelayMs, graceMs };
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

  const pods = follow(api, "/api/v1/pods", {
    onChange(changed) {
      const present = new Set(pods.objects().map(({ metadata }) => metadata.uid));
      for (const [key, { uid }] of workers) if (!present.has(uid)) void stop(key);
      for (const pod of changed.flatMap(readPod)) see(pod);
    },
  });
  return {
    log: ({ namespace, name }) => workers.get(`${namespace}/${name}`)?.log(),
    async close() {
      await pods.close();
      for (const key of [...workers.keys()]) void stop(key);
      await Promise.all(stops);
      api.close();
    },
  };
}

/** Empty for anything but a pod: one odd object must not keep the others from running. */
function readPod(object: unknown): Pod[] {
  const { data } = Pod.safeParse(object);
  return data ? [data] : [];
}

function keyOf({ metadata: { namespace, name } }: Pod): string {
  return `${namespace}/${name}`;
}
