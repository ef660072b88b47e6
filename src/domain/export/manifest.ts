/** The fragment that a team pastes into its Deployment, as YAML. */
import { stringify } from "yaml";
import { namesInside } from "../naming/names.ts";
import type { OnboardingRequest } from "../request/request.ts";

export function manifestFragment(request: OnboardingRequest): string {
  const containers = [{ name: "app", envFrom: [{ configMapRef: { name: namesInside.configMap } }] }];
  const template =
    request.identityMode === "workloadIdentity"
      ? {
          metadata: { labels: { "azure.workload.identity/use": "true" } },
          spec: { serviceAccountName: request.serviceAccount, containers },
        }
      : {
          metadata: { labels: { aadpodidbinding: request.selector ?? request.namespace } },
          spec: { containers },
        };
  return stringify({ metadata: { namespace: request.namespace }, spec: { template } });
}
