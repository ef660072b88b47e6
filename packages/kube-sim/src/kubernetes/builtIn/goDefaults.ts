/** What Kubernetes fills in where a client says nothing: pkg/apis/<group>/<version>/defaults.go, by type. */
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "azure-sim/json";
import { withRequests } from "../podResources.ts";

type Complete = (value: JsonObject) => JsonObject;

/** Null is as good as absent. */
function filled(value: JsonObject, standards: JsonObject): JsonObject {
  const missing = Object.entries(standards).filter(([field]) => (value[field] ?? undefined) === undefined);
  return missing.length === 0 ? value : { ...value, ...Object.fromEntries(missing) };
}

/** An empty text counts as absent, too, where the field is no pointer. */
function filledTexts(value: JsonObject, standards: Readonly<Record<string, string>>): JsonObject {
  const missing = Object.entries(standards).filter(([field]) => !value[field]);
  return missing.length === 0 ? value : { ...value, ...Object.fromEntries(missing) };
}

/** `:latest`, or no tag at all, is pulled each time. */
function pullPolicy(image: string): string {
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

const container: Complete = (value) =>
  filledTexts(value, { imagePullPolicy: pullPolicy(stringAt(value, "image") ?? "") });

/** The older name of the field is written, too. */
const podSpec: Complete = (value) => {
  const account = stringAt(value, "serviceAccountName") || stringAt(value, "serviceAccount");
  return account ? { ...value, serviceAccountName: account, serviceAccount: account } : value;
};

const rolling = { maxUnavailable: "25%", maxSurge: "25%" };

function deploymentSpec(value: JsonObject): JsonObject {
  const strategy = filledTexts(objectAt(value, "strategy"), { type: "RollingUpdate" });
  const isRolling = strategy["type"] === "RollingUpdate";
  return {
    ...value,
    strategy: isRolling
      ? { ...strategy, rollingUpdate: filled(objectAt(strategy, "rollingUpdate"), rolling) }
      : strategy,
  };
}

function jobSpec(value: JsonObject): JsonObject {
  const isSet = (field: string) => (value[field] ?? undefined) !== undefined;
  return {
    ...filled(value, {
      ...(isSet("completions") || isSet("parallelism") ? {} : { completions: 1 }),
      parallelism: 1,
      backoffLimit: isSet("backoffLimitPerIndex") ? 2_147_483_647 : 6,
      completionMode: "NonIndexed",
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: isSet("podFailurePolicy") ? "Failed" : "TerminatingOrFailed",
    }),
  };
}

/** Without an egress rule, a policy is for what comes in. */
function networkPolicySpec(value: JsonObject): JsonObject {
  const hasEgress = listAt(value, "egress").length > 0;
  return filled(value, { policyTypes: hasEgress ? ["Ingress", "Egress"] : ["Ingress"] });
}

/** Of a pod by itself: less than nothing is as short as can be. */
function ownSpec(spec: JsonObject): JsonObject {
  const isShort = Number(spec["terminationGracePeriodSeconds"] ?? 0) < 0;
  return { ...filled(spec, { enableServiceLinks: true }), ...(isShort ? { terminationGracePeriodSeconds: 1 } : {}) };
}

const rbacGroup = "rbac.authorization.k8s.io";

function subject(value: JsonObject): JsonObject {
  const isAccount = value["kind"] === "ServiceAccount";
  return isAccount ? value : filledTexts(value, { apiGroup: rbacGroup });
}

function serviceSpec(value: JsonObject): JsonObject {
  const type = stringAt(value, "type") || "ClusterIP";
  const isPublic = type === "ClusterIP" && listAt(value, "externalIPs").length > 0;
  const isExternal = type === "NodePort" || type === "LoadBalancer" || isPublic;
  const hasAddress = type !== "ExternalName";
  return {
    ...filledTexts(value, {
      sessionAffinity: "None",
      type,
      ...(isExternal ? { externalTrafficPolicy: "Cluster" } : {}),
    }),
    ...(type === "LoadBalancer"
      ? filled(pick(value, "allocateLoadBalancerNodePorts"), { allocateLoadBalancerNodePorts: true })
      : {}),
    ...(hasAddress ? filled(pick(value, "internalTrafficPolicy"), { internalTrafficPolicy: "Cluster" }) : {}),
  };
}

/** By the processor's time, where nothing else is named. */
function autoscalerSpec(value: JsonObject): JsonObject {
  const cpu = { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } };
  const metrics = listAt(value, "metrics").length > 0 ? {} : { metrics: [{ type: "Resource", resource: cpu }] };
  return { ...value, ...metrics };
}

function pick(value: JsonObject, field: string): JsonObject {
  return value[field] === undefined ? {} : { [field]: value[field] };
}

/** A limit is also what is asked for, where nothing else is. */
function limitRangeItem(value: JsonObject): JsonObject {
  if (value["type"] !== "Container") return value;
  const standard = { ...objectAt(value, "max"), ...objectAt(value, "default") };
  const request = { ...objectAt(value, "min"), ...standard, ...objectAt(value, "defaultRequest") };
  const shown = (name: string, quantities: { [field: string]: Json }) =>
    Object.keys(quantities).length === 0 ? {} : { [name]: quantities };
  return { ...value, ...shown("default", standard), ...shown("defaultRequest", request) };
}

function volume(value: JsonObject): JsonObject {
  const hasSource = Object.entries(value).some(([field, source]) => field !== "name" && isObject(source));
  return hasSource ? value : { ...value, emptyDir: {} };
}

export const goDefaults: Readonly<Record<string, Complete>> = {
  "core/v1.PodSpec": podSpec,
  "core/v1.Container": container,
  "core/v1.EphemeralContainerCommon": container,
  "core/v1.ServicePort": (port) => filled(port, { targetPort: port["port"] ?? 0 }),
  "core/v1.ServiceSpec": serviceSpec,
  "core/v1.Volume": volume,
  "core/v1.LimitRangeItem": limitRangeItem,
  "apps/v1.DeploymentSpec": deploymentSpec,
  "core/v1.Pod": (given) => {
    const pod = withRequests(given);
    return { ...pod, spec: ownSpec(objectAt(pod, "spec")) };
  },
  // Not of the jobs that a schedule will make.
  "batch/v1.Job": (given) => {
    const job = { ...given, spec: jobSpec(objectAt(given, "spec")) };
    const labels = objectAt(job, "spec", "template", "metadata", "labels");
    const isLabelled = Object.keys(objectAt(job, "metadata", "labels")).length > 0;
    if (isLabelled || Object.keys(labels).length === 0) return job;
    return { ...job, metadata: { ...objectAt(job, "metadata"), labels } };
  },
  "networking/v1.NetworkPolicySpec": networkPolicySpec,
  "rbac/v1.Subject": subject,
  "autoscaling/v2.HorizontalPodAutoscalerSpec": autoscalerSpec,
  "apiextensions/v1.CustomResourceDefinitionNames": (names) => {
    const kind = stringAt(names, "kind") ?? "";
    return kind === "" ? names : filledTexts(names, { singular: kind.toLowerCase(), listKind: `${kind}List` });
  },
};
