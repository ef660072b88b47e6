/** Admission webhooks of tests, which are functions, as objects of the real API server. */
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesApi } from "../cluster/api.ts";
import type { AdmissionWebhook, Webhooks } from "../kubernetes/webhooks.ts";
import type { Callbacks } from "./callbacks.ts";
import { encode } from "./seed.ts";

const group = "/apis/admissionregistration.k8s.io/v1";

export function createWebhooks({
  api,
  callbacks,
  authority,
}: {
  api: KubernetesApi;
  callbacks: Callbacks;
  authority: string;
}): Webhooks {
  const installed: string[] = [];

  /** The server notices a configuration some time after it is stored. */
  async function untilAsked({ name }: AdmissionWebhook) {
    const before = callbacks.calls.get(name) ?? 0;
    while ((callbacks.calls.get(name) ?? 0) === before) {
      const probe = { metadata: { generateName: "webhook-probe-" } };
      await api.post("/api/v1/namespaces/default/configmaps?dryRun=All", probe).catch(() => undefined);
      await sleep(20);
    }
  }

  return {
    async install(webhook) {
      const { name, sideEffects, mutate } = webhook;
      callbacks.webhooks.set(name, webhook);
      const path = `${group}/${mutate ? "mutating" : "validating"}webhookconfigurations`;
      const rule = { apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"], scope: "*" };
      await api.post(path, {
        metadata: { name },
        webhooks: [
          {
            name,
            sideEffects,
            admissionReviewVersions: ["v1"],
            clientConfig: { url: `${callbacks.url}/webhook/${name}`, caBundle: encode(authority) },
            rules: [{ ...rule, operations: ["CREATE", "UPDATE", ...(mutate ? [] : ["DELETE"])] }],
            // Webhooks see what clients write; the cluster's own controllers are of system:masters.
            matchConditions: [
              {
                name: "clients",
                expression: "!request.userInfo.groups.exists(group, group == 'system:masters') || request.dryRun",
              },
            ],
          },
        ],
      });
      installed.push(`${path}/${name}`);
      await untilAsked(webhook);
    },
    async clear() {
      // From here on they let everything pass, even if the server still asks them.
      callbacks.webhooks.clear();
      for (const path of installed.splice(0)) await api.remove(path, {});
    },
  };
}
