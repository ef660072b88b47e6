/**
 * What a cluster has before anybody writes to it, and what Kubernetes fills in where a client says nothing (pkg/apis/<group>/<version>/
 * defaults.go, by type). The definitions of aad-pod-identity 1.8 are here field by field: nothing is required, there are no enumerations,
 * and fields that are not listed are pruned.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "azure-sim/json";

export const standard = JSON.parse(readFileSync(join(import.meta.dirname, "standard.json"), "utf8")) as {
  readonly objects: readonly (readonly [apiVersion: string, kind: string, object: JsonObject])[];
  readonly podIdentity: readonly JsonObject[];
  /** Of Azure Workload Identity. */
  readonly webhookConfiguration: JsonObject;
  /** Its controller in AKS, with the flags that turn identity bindings on. No kubelet here has its image: the API server calls it itself. */
  readonly webhookDeployment: JsonObject;
  readonly defaults: Readonly<Record<string, JsonObject>>;
};

/** Its controller in AKS: only with these flags it knows identity bindings. */
export function webhookDeployment(hasIdentityBindings: boolean): JsonObject {
  const { webhookDeployment: whole } = standard;
  if (hasIdentityBindings) return whole;
  return JSON.parse(JSON.stringify(whole).replaceAll(/,"--custom-token-endpoint[^"]*"/g, ""));
}
