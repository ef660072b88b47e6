/**
 * The mutating webhook of Azure Workload Identity 1.6: a labelled pod gets the environment variables and the projected
 * token with which Azure SDKs sign in. The proxy sidecar for older SDKs is not simulated.
 */
import { createHash } from "node:crypto";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt, stringsAt } from "./json.ts";
import type { KubeObject } from "./object.ts";

const prefix = "azure.workload.identity/";
const mountPath = "/var/run/secrets/azure/wi";
const tokenPath = "token/azure-identity-token";

export const webhookConfiguration: JsonObject = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingWebhookConfiguration",
  metadata: {
    name: "azure-wi-webhook-mutating-webhook-configuration",
    labels: { "azure-workload-identity.io/system": "true" },
  },
  webhooks: [
    {
      name: "mutation.azure-workload-identity.io",
      admissionReviewVersions: ["v1", "v1beta1"],
      clientConfig: {
        service: { name: "azure-wi-webhook-webhook-service", namespace: "kube-system", path: "/mutate-v1-pod" },
      },
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      objectSelector: { matchLabels: { "azure.workload.identity/use": "true" } },
      reinvocationPolicy: "IfNeeded",
      rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
      sideEffects: "None",
    },
  ],
};

/** A webhook's answer that refuses a request. */
export class WebhookDenial extends Error {
  readonly code: number;

  constructor(code: number, why: string) {
    super(why);
    this.code = code;
  }
}

export interface WorkloadIdentity {
  readonly tenantId: string;
  readonly authorityHost: string;
  readonly serviceAccount: (namespace: string, name: string) => KubeObject | undefined;
}

export function isLabelledForWorkloadIdentity(pod: JsonObject): boolean {
  return stringsAt(pod, "metadata", "labels")[`${prefix}use`] === "true";
}

export function injectWorkloadIdentity(pod: JsonObject, identity: WorkloadIdentity): JsonObject {
  const namespace = stringAt(pod, "metadata", "namespace") ?? "";
  const serviceAccountName = stringAt(pod, "spec", "serviceAccountName") ?? "default";
  const serviceAccount = identity.serviceAccount(namespace, serviceAccountName);
  if (serviceAccount === undefined) throw denied(`serviceaccounts "${serviceAccountName}" not found`);

  const ofAccount = serviceAccount.metadata.annotations ?? {};
  const ofPod = stringsAt(pod, "metadata", "annotations");
  const expiration = Number(
    ofPod[`${prefix}service-account-token-expiration`] ??
      ofAccount[`${prefix}service-account-token-expiration`] ??
      3600,
  );
  if (!Number.isInteger(expiration) || expiration < 3600 || expiration > 86_400) {
    throw denied(`token expiration ${expiration} not valid. Expected value to be between 3600 and 86400`);
  }

  const volumeName = volumeNameFor(pod);
  const environment = {
    AZURE_CLIENT_ID: ofAccount[`${prefix}client-id`] ?? "",
    AZURE_TENANT_ID: ofAccount[`${prefix}tenant-id`] ?? identity.tenantId,
    AZURE_FEDERATED_TOKEN_FILE: `${mountPath}/${tokenPath}`,
    AZURE_AUTHORITY_HOST: identity.authorityHost,
  };
  const skipped = (ofPod[`${prefix}skip-containers`] ?? "").split(";").map((name) => name.trim());
  const mutate = (container: Json): Json => {
    const isSkipped = skipped.includes(stringAt(container, "name") ?? "");
    return !isObject(container) || isSkipped ? container : withIdentity(container, environment, volumeName);
  };
  const token = {
    serviceAccountToken: { path: tokenPath, expirationSeconds: expiration, audience: "api://AzureADTokenExchange" },
  };
  const spec = objectAt(pod, "spec");
  const initContainers = listAt(spec, "initContainers").map(mutate);
  return {
    ...pod,
    spec: {
      ...spec,
      ...(initContainers.length === 0 ? {} : { initContainers }),
      containers: listAt(spec, "containers").map(mutate),
      volumes: replaced(listAt(spec, "volumes"), { name: volumeName, projected: { sources: [token] } }),
    },
  };
}

/** Keeps variables that the container sets itself; leaves out an empty client id. */
function withIdentity(container: JsonObject, environment: Record<string, string>, volumeName: string): JsonObject {
  const own = listAt(container, "env");
  const names = new Set(own.map((variable) => stringAt(variable, "name")));
  const missing = Object.entries(environment).filter(([name, value]) => value !== "" && !names.has(name));
  const mount = { name: volumeName, mountPath, readOnly: true };
  return {
    ...container,
    env: [...own, ...missing.map(([name, value]) => ({ name, value }))],
    volumeMounts: replaced(listAt(container, "volumeMounts"), mount),
  };
}

function replaced(items: readonly Json[], item: JsonObject): Json[] {
  return [...items.filter((other) => stringAt(other, "name") !== item["name"]), item];
}

function volumeNameFor(pod: JsonObject): string {
  const name = stringAt(pod, "metadata", "name") ?? `${stringAt(pod, "metadata", "generateName") ?? ""} (prefix)`;
  const reserved = "azure-workload-identity-reserved-";
  return `${reserved}${createHash("sha256")
    .update(name)
    .digest("hex")
    .slice(0, 63 - reserved.length)}`;
}

function denied(why: string): WebhookDenial {
  return new WebhookDenial(400, why);
}
