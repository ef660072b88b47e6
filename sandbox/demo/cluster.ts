/** The cluster as a team uses it with kubectl, through the official client library. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { parse } from "yaml";
import { z } from "zod";

const ClusterObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().exactOptional() }),
});
export type ClusterObject = z.infer<typeof ClusterObject>;

/** How a pod that runs once ended. */
export interface Run {
  readonly exitCode: number;
  readonly log: string;
  /** Names of the environment variables that the API server's admission wrote into the pod. */
  readonly injected: readonly string[];
}

export interface TeamCluster {
  create(object: ClusterObject): Promise<void>;
  /** Creates the pod, waits for its end, reads its log, and deletes it. */
  run(pod: ClusterObject): Promise<Run>;
  /** In all namespaces. */
  list(apiVersion: string, kind: string): Promise<readonly ClusterObject[]>;
}

/** A manifest file with one object. */
export async function readManifest(path: string): Promise<ClusterObject> {
  return ClusterObject.parse(parse(await readFile(path, "utf8")));
}

const PodSpec = z.object({
  spec: z.object({ containers: z.array(z.object({ env: z.array(z.object({ name: z.string() })).default([]) })) }),
});

function environmentOf(pod: unknown): string[] {
  return PodSpec.parse(pod).spec.containers.flatMap(({ env }) => env.map(({ name }) => name));
}

const PodStatus = z.object({
  phase: z.string().optional(),
  containerStatuses: z
    .array(
      z.object({
        state: z.object({
          waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
          terminated: z.object({ exitCode: z.int() }).optional(),
        }),
      }),
    )
    .default([]),
});

const pollMs = 50;
const timeoutMs = 60_000;

export function createTeamCluster(kubeconfig: string, { signal }: { signal?: AbortSignal } = {}): TeamCluster {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const objects = KubernetesObjectApi.makeApiClient(config);
  const core = config.makeApiClient(CoreV1Api);

  async function waitForEnd(name: string, namespace: string): Promise<number> {
    const started = performance.now();
    for (;;) {
      const { status } = await core.readNamespacedPod({ name, namespace });
      const { phase, containerStatuses } = PodStatus.parse(status ?? {});
      const [state] = containerStatuses.map((each) => each.state);
      if (state?.terminated) return state.terminated.exitCode;
      const { reason = phase ?? "", message = "" } = state?.waiting ?? {};
      // A kubelet retries such a pod forever, because someone may create what is missing.
      const patience = reason.startsWith("Err") || reason.endsWith("Error") ? 3_000 : timeoutMs;
      if (performance.now() - started > patience) {
        throw new Error(`pod ${namespace}/${name} does not run: ${reason} ${message}`.trim());
      }
      await sleep(pollMs, undefined, signal ? { signal } : {});
    }
  }

  return {
    async create(object) {
      await objects.create(object);
    },
    async run(pod) {
      const { name, namespace = "default" } = pod.metadata;
      const own = environmentOf(pod);
      const injected = environmentOf(await objects.create(pod)).filter((variable) => !own.includes(variable));
      try {
        const exitCode = await waitForEnd(name, namespace);
        const log = await core.readNamespacedPodLog({ name, namespace });
        return { exitCode, log, injected };
      } finally {
        await core.deleteNamespacedPod({ name, namespace });
      }
    },
    async list(apiVersion, kind) {
      const { items } = await objects.list(apiVersion, kind);
      // The items of a list lack apiVersion and kind.
      return items.map((item) => ClusterObject.parse({ ...item, apiVersion, kind }));
    },
  };
}
