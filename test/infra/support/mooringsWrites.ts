/** What Mooring writes in a cluster, as it writes it, and the catalog that it would have it from. */

import { addressesOf } from "../../../sandbox/clusterRights.ts";
import { tryLogin } from "../../../src/application/inspection/verificationJob.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../../src/domain/errors.ts";
import { ownerMetadata } from "../../../src/domain/naming/ownership.ts";
import { type IdentityMode, OnboardingRequest } from "../../../src/domain/request/request.ts";
import { azureRoleKindNames, azureRoleKinds } from "../../../src/domain/targets/azureRoles.ts";
import { useObjects } from "../../../src/resources/identityUse/objects.ts";
import { configMap as configMapOf } from "../../../src/resources/namespacedObjects/configMap.ts";
import { serviceAccountObject } from "../../../src/resources/serviceAccount/serviceAccount.ts";
import { objectOf } from "../../support/cluster.ts";
import { catalog, createFakeCloud } from "../../support/fakeCloud.ts";
import { clientIdOf } from "../../support/ids.ts";
import type { Server } from "./policyServers.ts";

/** Mooring's user in both clusters. */
export const appId = "99999999-2222-4333-8444-555555555555";
export const principalId = objectOf(appId);
const image = "registry.example/mooring-verify@sha256:1";
export const sqlHosts = ["sql-dev.database.windows.net", "sql-prod.database.windows.net"];
/** A target of each kind, with all of its parts, and one in another cloud. */
const providers = "/subscriptions/s/resourceGroups/rg-data/providers";
export const azureTargets = azureRoleKindNames.map((kind) => {
  const { resourceType, parts, roles } = azureRoleKinds[kind];
  const outer = Object.entries(parts).find(([, { inside }]) => inside === undefined)?.[0];
  const entry = { kind, resourceId: `${providers}/${resourceType}/res-dev`, access: Object.keys(roles) };
  return [kind.toLowerCase(), { ...entry, ...(outer === undefined ? {} : { [outer]: "part1" }) }] as const;
});
const storage = {
  kind: "storageBlob",
  resourceId: `${providers}/Microsoft.Storage/storageAccounts/st`,
  access: ["read"],
};
const bus = { kind: "serviceBus", resourceId: `${providers}/Microsoft.ServiceBus/namespaces/sb`, access: ["receive"] };
const postgres = {
  ...{ kind: "postgresql", host: "pg-dev.postgres.database.azure.com", login: "mooring", database: "ledger" },
  ...{ resourceId: `${providers}/Microsoft.DBforPostgreSQL/flexibleServers/pg-dev`, access: ["read"] },
};
const withTargets = Catalog.parse({
  ...catalog,
  targets: {
    ...Object.fromEntries(azureTargets),
    government: { ...storage, endpoint: "https://st.blob.core.usgovcloudapi.net" },
    invoices: { ...bus, topic: "invoices", subscription: "all" },
    ledger: postgres,
  },
});
export const { targetAddresses } = addressesOf(withTargets);
const enforce = "pod-security.kubernetes.io/enforce";
export const features = {
  identityModes: ["workloadIdentity", "podIdentity", "identityBinding"],
  hasBindings: true,
  verificationJob: { image },
  sqlHosts,
  targetAddresses,
  isManagedByAzure: true,
  hasProfiles: true,
  podSecurity: [`${enforce}=baseline`, `${enforce}=restricted`],
};

/** What Mooring itself writes there for these targets. */
export function targetData(...aliases: string[]) {
  const targets = aliases.map((target) => ({ target, access: ["read" as const] }));
  const { data } = configMapOf.fields(withTargets, { ...namespaceRef("own"), databases: [], targets });
  return data as Readonly<Record<string, string>>;
}

export const namespaceRef = (name: string) => ({ cluster: "aks-dev", namespace: name });
export const mark = (name: string) => ownerMetadata(namespaceRef(name), "operation-1");
export const namespace = (name: string, metadata: object) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, ...metadata },
});
export const inside = (
  apiVersion: string,
  kind: string,
  name: string,
  fields: { metadata?: object } & object = {},
) => ({
  apiVersion,
  kind,
  ...fields,
  metadata: { name, namespace: "own", ...fields.metadata },
});
export const account = (name: string, fields: object = {}) =>
  inside("v1", "ServiceAccount", name, { metadata: mark("own"), ...fields });
export const configMap = (data: object) =>
  inside("v1", "ConfigMap", "mooring-databases", { metadata: mark("own"), data } as object);
export const inTargets = (fields: string) => `{"uploads":{${fields}}}`;
export const labelled = (level: string) =>
  namespace("own", { ...mark("own"), labels: { ...mark("own").labels, [enforce]: level } });
export const quota = (name: string) =>
  inside("v1", "ResourceQuota", name, { metadata: mark("own"), spec: { hard: { pods: "100" } } } as object);
export const policy = (name: string) =>
  inside("networking.k8s.io/v1", "NetworkPolicy", name, {
    metadata: mark("own"),
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  } as object);
export const limits = (name: string) =>
  inside("v1", "LimitRange", name, {
    metadata: mark("own"),
    spec: { limits: [{ type: "Container", max: { cpu: "64" } }] },
  } as object);
const clientId = clientIdOf("77777777-2222-4333-8444-555555555555");
export const annotated = serviceAccountObject(
  { namespace: "own" },
  { serviceAccount: "theirs", clientId, tenantId: clientId },
);

const paths: Readonly<Record<string, string>> = {
  Namespace: "/api/v1/namespaces",
  ConfigMap: "/api/v1/namespaces/{}/configmaps",
  ServiceAccount: "/api/v1/namespaces/{}/serviceaccounts",
  ResourceQuota: "/api/v1/namespaces/{}/resourcequotas",
  LimitRange: "/api/v1/namespaces/{}/limitranges",
  NetworkPolicy: "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
  Job: "/apis/batch/v1/namespaces/{}/jobs",
  AzureIdentity: "/apis/aadpodidentity.k8s.io/v1/namespaces/{}/azureidentities",
  ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  AzureIdentityBinding: "/apis/aadpodidentity.k8s.io/v1/namespaces/{}/azureidentitybindings",
};

export interface Written {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export function pathOf({ kind, metadata }: Written): string {
  const path = paths[kind];
  if (path === undefined) throw new Error(`no path for ${kind}`);
  return `${path.replace("{}", metadata.namespace ?? "")}/${metadata.name}`;
}

/** Server-side apply, as Mooring writes. */
export const apply = (object: Written, server: Server) =>
  server.request("PATCH", `${pathOf(object)}?fieldManager=mooring&force=true`, {
    body: object,
    headers: { "content-type": "application/apply-patch+yaml" },
  });
export const remove = (object: Written, server: Server) =>
  server.request("DELETE", pathOf(object), { body: { propagationPolicy: "Background" } });

/** The ClusterRole and its binding as the service applies them. */
const [role, binding] = useObjects(namespaceRef("own"), { serviceAccount: "app", clientId });
export const useRole = { ...role, metadata: { ...role.metadata, ...withMark(role.metadata.labels) } };
export const useBinding = { ...binding, metadata: { ...binding.metadata, ...withMark(binding.metadata.labels) } };

function withMark(labels: object) {
  const own = mark("own");
  return { ...own, labels: { ...labels, ...own.labels } };
}

export function roleWith(rule: object, metadata: object = {}) {
  return { ...useRole, metadata: { ...useRole.metadata, ...metadata }, rules: [{ ...useRole.rules[0], ...rule }] };
}

export function bindingWith({ subject = {}, roleRef = {} }: { subject?: object; roleRef?: object }) {
  const { subjects, roleRef: ref, metadata } = useBinding;
  const name = `${metadata.name}-x`;
  return {
    ...useBinding,
    metadata: { ...metadata, name },
    roleRef: { ...ref, ...roleRef },
    subjects: [{ ...subjects[0], ...subject }],
  };
}

/** The verification Job as the service applies it. */
export async function verificationJob(mode: IdentityMode): Promise<Written & { spec: Spec }> {
  const cloud = createFakeCloud();
  const [cluster] = Object.values(cloud.ports.catalog.clusters);
  if (!cluster) throw new Error("the catalog has no cluster");
  const applied: object[] = [];
  const apply = async (_: unknown, object: object) => {
    applied.push(object);
    throw new PermanentError("KUBERNETES_FORBIDDEN", "only looking");
  };
  const job = { ...features.verificationJob, timeoutSeconds: 10 };
  const clusters = { ...cloud.ports.catalog.clusters, "aks-dev": { ...cluster, verificationJob: job } };
  const request = OnboardingRequest.parse({
    ...namespaceRef("own"),
    identityMode: mode,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  });
  const kubernetes = { ...cloud.ports.kubernetes, apply };
  const ports = { ...cloud.ports, catalog: { ...cloud.ports.catalog, clusters }, kubernetes };
  await tryLogin(ports, request, `run of ${mode}`);
  return applied[0] as Written & { spec: Spec };
}

interface Spec extends Record<string, unknown> {
  template: {
    metadata: { labels?: object; annotations?: object };
    spec: { containers: object[]; securityContext?: object } & Record<string, unknown>;
  };
}

type Change = (pod: Spec["template"]["spec"], container: Record<string, unknown>, spec: Spec) => void;

/** Other fields than Mooring's; labels and annotations besides its own. */
export function setting({
  job = {},
  template = {},
  pod = {},
  container = {},
}: {
  readonly job?: object;
  readonly template?: {
    readonly labels?: object;
    readonly annotations?: object;
    readonly finalizers?: readonly string[];
  };
  readonly pod?: object;
  readonly container?: object;
}): Change {
  return (ofPod, ofContainer, spec) => {
    const { metadata } = spec.template;
    Object.assign(ofPod, pod);
    Object.assign(ofContainer, container);
    Object.assign(spec, job);
    Object.assign(metadata, template, {
      labels: { ...metadata.labels, ...template.labels },
      annotations: { ...metadata.annotations, ...template.annotations },
    });
  };
}

export async function changedJob(change: Change, metadata: object = {}) {
  const job = structuredClone(await verificationJob("workloadIdentity"));
  const pod = job.spec.template.spec;
  change(pod, pod.containers[0] as Record<string, unknown>, job.spec);
  return { ...job, metadata: { ...job.metadata, name: "mooring-verify-other", ...metadata } };
}
