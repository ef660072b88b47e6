/** Admission of a new pod: its service account exists, limits of its namespace, and then the workload identity webhook. */
import {
  injectWorkloadIdentity,
  isLabelledForWorkloadIdentity,
  type TokenProxyAddress,
  WebhookDenial,
  type WorkloadIdentity,
} from "azure-sim/aks";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "azure-sim/json";
import { ApiFailure, forbidden } from "./failures.ts";
import { withLimits } from "./limitRanges.ts";
import { generatedSuffix } from "./metadataRules.ts";
import type { KubeObject } from "./object.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";

export function createAdmission(environment: {
  readonly store: Store;
  readonly resources: Resources;
  readonly tenantId: string;
  readonly hasWorkloadIdentityWebhook: boolean;
  readonly unseenAccounts: ReadonlySet<string>;
  readonly authorityHost: () => string;
  readonly tokenProxy: () => TokenProxyAddress | undefined;
}): (resource: Resource, object: JsonObject) => JsonObject {
  const { store, resources, tenantId, hasWorkloadIdentityWebhook, unseenAccounts, authorityHost, tokenProxy } =
    environment;

  function serviceAccount(namespace: string, name: string) {
    const accounts = resources.ofKind("v1", "ServiceAccount");
    return accounts === undefined ? undefined : store.get(accounts, namespace, name);
  }

  const cached = (namespace: string, name: string) =>
    unseenAccounts.has(`${namespace}/${name}`) ? undefined : serviceAccount(namespace, name);

  /** What the class of a pod says of its priority; without one, the class that is for all others. */
  function priorityOf(resource: Resource, pod: JsonObject): JsonObject {
    const classes = resources.ofKind("scheduling.k8s.io/v1", "PriorityClass");
    const name = stringAt(pod, "metadata", "name");
    const asked = stringAt(pod, "spec", "priorityClassName") ?? "";
    const all = classes === undefined ? [] : store.list(classes);
    const found = all.find((each) => (asked === "" ? each["globalDefault"] === true : each.metadata.name === asked));
    if (asked !== "" && found === undefined) {
      throw forbidden(resource, name, `no PriorityClass with name ${asked} was found`);
    }
    const priority = numberAt(found, "value") ?? 0;
    const given = numberAt(pod, "spec", "priority");
    if (given !== undefined && given !== priority) {
      const why = `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`;
      throw forbidden(resource, name, why);
    }
    return {
      ...{ priority, preemptionPolicy: stringAt(found, "preemptionPolicy") ?? "PreemptLowerPriority" },
      ...(found === undefined ? {} : { priorityClassName: found.metadata.name }),
    };
  }

  /** There are none. */
  function requireNoRuntime(resource: Resource, pod: JsonObject): void {
    const runtime = stringAt(pod, "spec", "runtimeClassName") ?? "";
    if (runtime === "") return;
    const why = `pod rejected: RuntimeClass ${JSON.stringify(runtime)} not found`;
    throw forbidden(resource, stringAt(pod, "metadata", "name"), why);
  }

  return (resource, object) => {
    if (resource.kind !== "Pod") return withLimits({ store, resources }, resource, object);
    const namespace = stringAt(object, "metadata", "namespace") ?? "";
    const account = stringAt(object, "spec", "serviceAccountName") ?? "default";
    if (serviceAccount(namespace, account) === undefined) {
      const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
      throw forbidden(resource, stringAt(object, "metadata", "name"), why);
    }
    const priority = priorityOf(resource, object);
    requireNoRuntime(resource, object);
    const spec = { ...objectAt(object, "spec"), ...priority };
    const mounted = withToken({ ...object, spec }, serviceAccount(namespace, account));
    const limited = withLimits({ store, resources }, resource, withScheduling(mounted));
    return hasWorkloadIdentityWebhook && isLabelledForWorkloadIdentity(limited)
      ? withWorkloadIdentity(limited, {
          tenantId,
          authorityHost: authorityHost(),
          serviceAccount: cached,
          tokenProxy: tokenProxy(),
        })
      : limited;
  };
}

/** How the scheduler treats a pod that says nothing about it. */
export function withScheduling(pod: JsonObject): JsonObject {
  const spec = objectAt(pod, "spec");
  const given = listAt(spec, "tolerations");
  const missing = ["not-ready", "unreachable"]
    .map((name) => `node.kubernetes.io/${name}`)
    .filter((key) => !given.some((each) => stringAt(each, "key") === key))
    .map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }));
  return {
    ...pod,
    spec: {
      ...spec,
      tolerations: [...given, ...missing],
    },
  };
}

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The account's token, where neither pod nor account does without. */
function withToken(pod: JsonObject, account: KubeObject | undefined): JsonObject {
  const spec = objectAt(pod, "spec");
  const wanted = spec["automountServiceAccountToken"] ?? account?.["automountServiceAccountToken"] ?? true;
  if (wanted === false) return pod;
  const suffix = generatedSuffix();
  const name = `kube-api-access-${suffix}`;
  const mounted = (container: Json): Json => {
    const mounts = listAt(container, "volumeMounts");
    if (!isObject(container) || mounts.some((mount) => stringAt(mount, "mountPath") === tokenPath)) return container;
    return { ...container, volumeMounts: [...mounts, { name, readOnly: true, mountPath: tokenPath }] };
  };
  const [containers, initContainers] = ["containers", "initContainers"].map((field) =>
    listAt(spec, field).map(mounted),
  );
  if (JSON.stringify([containers, initContainers]).includes(name) === false) return pod;
  const fieldRef = { apiVersion: "v1", fieldPath: "metadata.namespace" };
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef }] } },
  ];
  const volume = { name, projected: { sources, defaultMode: 420 } };
  return {
    ...pod,
    spec: {
      ...spec,
      ...{ containers: containers ?? [], volumes: [...listAt(spec, "volumes"), volume] },
      ...(initContainers && initContainers.length > 0 ? { initContainers } : {}),
    },
  };
}

function withWorkloadIdentity(pod: JsonObject, identity: WorkloadIdentity): JsonObject {
  try {
    return injectWorkloadIdentity(pod, identity);
  } catch (error) {
    if (!(error instanceof WebhookDenial)) throw error;
    const message = `admission webhook "mutation.azure-workload-identity.io" denied the request: ${error.message}`;
    throw new ApiFailure(error.code, "BadRequest", message);
  }
}
