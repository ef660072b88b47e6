/** Projected service account tokens, and fields of the pod, written to a folder that only this pod's process knows. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { KubernetesApi } from "../cluster/api.ts";
import { fieldOf } from "./environment.ts";
import { firstContainer, type Pod } from "./pod.ts";

const TokenRequest = z.object({ status: z.object({ token: z.string() }) });

/** Writes every token, and returns the environment with paths below a mount redirected to the actual files. */
export async function projectTokens(
  api: KubernetesApi,
  { pod, folder, environment }: { pod: Pod; folder: string; environment: Readonly<Record<string, string>> },
): Promise<Record<string, string>> {
  const { metadata, spec } = pod;
  const mounts = new Map<string, string>();
  for (const { name, projected } of spec.volumes) {
    const mount = firstContainer(pod).volumeMounts.find((candidate) => candidate.name === name);
    if (!projected || !mount) continue;
    const root = join(folder, "volumes", name);
    mounts.set(mount.mountPath, root);
    for (const { serviceAccountToken, downwardAPI } of projected.sources) {
      for (const { path, fieldRef } of downwardAPI?.items ?? [])
        await put(join(root, path), fieldOf(pod, fieldRef.fieldPath));
      if (!serviceAccountToken) continue;
      const { audience, expirationSeconds, path } = serviceAccountToken;
      const answer = await api.post(
        `/api/v1/namespaces/${metadata.namespace}/serviceaccounts/${spec.serviceAccountName}/token`,
        {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: {
            audiences: audience === undefined ? [] : [audience],
            expirationSeconds,
            boundObjectRef: { apiVersion: "v1", kind: "Pod", name: metadata.name, uid: metadata.uid },
          },
        },
      );
      await put(join(root, path), TokenRequest.parse(answer).status.token);
    }
  }
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, relocate(value, mounts)]));
}

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, text, { mode: 0o600 });
}

function relocate(value: string, mounts: ReadonlyMap<string, string>): string {
  for (const [mountPath, root] of mounts) {
    if (value === mountPath || value.startsWith(`${mountPath}/`)) return root + value.slice(mountPath.length);
  }
  return value;
}
