/** The only node of a cluster: an object, with which clients see where pods run. */
import type { JsonObject } from "azure-sim/json";
import { kubernetesVersion } from "./builtIn/kinds.ts";
import { timestamp } from "./object.ts";

export function nodeObject(name: string, now = new Date()): JsonObject {
  const time = timestamp(now);
  const ready = { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" };
  const resources = { cpu: "64", memory: "256Gi", pods: "1000" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
    status: {
      conditions: [{ ...ready, lastHeartbeatTime: time, lastTransitionTime: time }],
      addresses: [
        { type: "InternalIP", address: "127.0.0.1" },
        { type: "Hostname", address: "localhost" },
      ],
      nodeInfo: { kubeletVersion: kubernetesVersion, operatingSystem: "linux" },
      capacity: resources,
      allocatable: resources,
    },
  };
}
