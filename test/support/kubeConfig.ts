/** For Kubernetes' own client, as the administrator of a sandbox's cluster. */
import { KubeConfig } from "@kubernetes/client-node";
import type { Cloud } from "../../sandbox/cloud.ts";

export function kubeConfigOf({ kubernetes }: Pick<Cloud, "kubernetes">): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(kubernetes.kubeconfig());
  return config;
}
