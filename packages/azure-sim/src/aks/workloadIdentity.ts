/**
 * The mutating webhook of Azure Workload Identity 1.6: a labelled pod gets the environment variables and the projected
 * token with which Azure SDKs sign in, at Entra or, with an annotation, at the cluster's token proxy. The proxy sidecar for older
 * SDKs is not simulated.
 */
import { createHash } from "node:crypto";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt, stringsAt } from "../json.ts";
import type { Item } from "./object.ts";

const prefix = "azure.workload.identity/";
const mountPath = "/var/run/secrets/azure/wi";
const tokenPath = "token/azure-identity-token";

const bindingSuffix = "identity-binding";
/** Whoever runs the webhook chooses it, but not Entra's own; AKS's is not documented. */
export const bindingAudience = "api://AKSIdentityBinding";

/** Where pods with a binding exchange their tokens. */
export interface TokenProxyAddress {
  readonly url: string;
  readonly sniName: string;
  /** The authority of its certificate; PEM. */
  readonly ca: string;
}

const caAnnotation = `${prefix}token-proxy-ca`;
const caPath = "token/ca.crt";

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
  readonly serviceAccount: (namespace: string, name: string) => Item | undefined;
  /** Undefined where the webhook runs without the flags of identity bindings. */
  readonly tokenProxy: TokenProxyAddress | undefined;
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

  // Without the flags, the annotation means nothing: the pod gets plain workload identity.
  const proxy = ofPod[`${prefix}use-${bindingSuffix}`]?.toLowerCase() === "true" ? identity.tokenProxy : undefined;
  const volumeName = volumeNameFor(pod);
  const environment = {
    AZURE_CLIENT_ID: ofAccount[`${prefix}client-id`] ?? "",
    AZURE_TENANT_ID: ofAccount[`${prefix}tenant-id`] ?? identity.tenantId,
    AZURE_FEDERATED_TOKEN_FILE: `${mountPath}/${tokenPath}`,
    AZURE_AUTHORITY_HOST: identity.authorityHost,
    ...(proxy
      ? {
          AZURE_KUBERNETES_TOKEN_PROXY: proxy.url,
          AZURE_KUBERNETES_SNI_NAME: proxy.sniName,
          AZURE_KUBERNETES_CA_FILE: `${mountPath}/${caPath}`,
        }
      : {}),
  };
  const skipped = (ofPod[`${prefix}skip-containers`] ?? "").split(";").map((name) => name.trim());
  const mutate = (container: Json): Json => {
    const isSkipped = skipped.includes(stringAt(container, "name") ?? "");
    return !isObject(container) || isSkipped ? container : withIdentity(container, environment, volumeName);
  };
  const audience = proxy ? bindingAudience : "api://AzureADTokenExchange";
  const token = { serviceAccountToken: { path: tokenPath, expirationSeconds: expiration, audience } };
  // The real webhook has three ways to bring the authority into the volume. This is none of them, and needs nothing in the namespace.
  const fieldRef = { fieldPath: `metadata.annotations['${caAnnotation}']` };
  const authority = { downwardAPI: { items: [{ path: caPath, fieldRef }] } };
  const metadata = objectAt(pod, "metadata");
  const annotated = proxy && { metadata: { ...metadata, annotations: { ...ofPod, [caAnnotation]: proxy.ca } } };
  const spec = objectAt(pod, "spec");
  const initContainers = listAt(spec, "initContainers").map(mutate);
  return {
    ...pod,
    ...annotated,
    spec: {
      ...spec,
      ...(initContainers.length === 0 ? {} : { initContainers }),
      containers: listAt(spec, "containers").map(mutate),
      volumes: replaced(listAt(spec, "volumes"), {
        name: volumeName,
        projected: { sources: proxy ? [token, authority] : [token] },
      }),
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
