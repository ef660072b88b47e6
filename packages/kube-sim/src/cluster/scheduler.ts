/** The scheduler of a cluster with one node: every pod goes there. */
import { createApi } from "./api.ts";
import { follow } from "./follow.ts";

export function startScheduler(
  { url, adminToken, nodeName }: { url: string; adminToken: string; nodeName: string | undefined },
  ca: string,
): { close(): Promise<void> } {
  const api = createApi({ url, ca, token: adminToken });
  const bound = new Set<string>();

  async function bind({ uid, namespace = "", name }: { uid: string; namespace?: string; name: string }) {
    if (bound.has(uid)) return;
    bound.add(uid);
    const body = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace },
      target: { apiVersion: "v1", kind: "Node", name: nodeName },
    };
    // Gone or bound meanwhile: then there is nothing to do. Anything else shows in a pod that stays Pending.
    await api.post(`/api/v1/namespaces/${namespace}/pods/${name}/binding`, body).catch(() => bound.delete(uid));
  }

  const pods = follow(api, "/api/v1/pods", {
    query: "fieldSelector=spec.nodeName%3D",
    onChange: () => {
      for (const { metadata } of pods.objects()) if (metadata.deletionTimestamp === undefined) void bind(metadata);
    },
  });
  return {
    async close() {
      await pods.close();
      api.close();
    },
  };
}
