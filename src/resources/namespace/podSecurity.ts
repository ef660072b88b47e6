/**
 * The Pod Security labels that the namespace's profile asks for. They are for everybody who runs pods there, so Mooring sets them only
 * on a namespace that it made; of another one it says what its owner would have to set.
 */
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, managingClusterIdOf } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { readMetadata } from "../../domain/naming/ownership.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { toNotice } from "../../domain/operation/plan.ts";
import { isPodSecurityLabel, podSecurityLabels } from "../../domain/profiles/podSecurity.ts";
import { findProfile } from "../../domain/profiles/profile.ts";
import type { Kubernetes, KubernetesObject } from "../../ports/kubernetes.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import { changesIn } from "../kubernetesObject/inspectObjects.ts";
import { thingOf } from "../kubernetesObject/knownMetadata.ts";
import { isManagedByArm } from "../kubernetesObject/managedByArm.ts";
import { namespaceObject } from "./namespace.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Labelled extends NamespaceRef {
  readonly namespaceProfile?: string | undefined;
}

/** Undefined if the catalog has dropped the profile: then nobody knows. */
export function wantedLabels(
  catalog: Catalog,
  { namespaceProfile }: Pick<Labelled, "namespaceProfile">,
): Labels | undefined {
  if (namespaceProfile === undefined) return {};
  return unlessDropped(
    () => {
      const { podSecurity } = findProfile(catalog, namespaceProfile);
      return podSecurity ? podSecurityLabels(podSecurity) : {};
    },
    () => undefined,
  );
}

/** What the namespace's step writes, and what it leaves to others. */
export async function decideLabels(
  { catalog, kubernetes }: { readonly catalog: Catalog; readonly kubernetes: Pick<Kubernetes, "get"> },
  cluster: ClusterTarget,
  input: Labelled,
): Promise<{ readonly labels: Labels; readonly notices: readonly OperationError[] }> {
  const wanted = wantedLabels(catalog, input);
  if (wanted && Object.keys(wanted).length === 0) return { labels: {}, notices: [] };
  const current = await kubernetes.get(cluster, refOf(namespaceObject(input)));
  // As they are: what a dropped profile gave stays.
  if (!wanted) return { labels: current ? ownLabels(current, input) : {}, notices: [] };
  if (!current || isOwn(current, input)) return { labels: wanted, notices: [] };
  if (areInAzure(cluster, current)) return { labels: {}, notices: [] };
  const lacking = lackingLabels(current, wanted);
  const whose = isManagedByArm(current) ? "is managed by Azure Resource Manager" : "is not Mooring's";
  const message = `Namespace ${namespaceKey(input)} ${whose}: it lacks ${lacking.join(", ")}.`;
  return { labels: {}, notices: lacking.length === 0 ? [] : [toNotice("POD_SECURITY_LEFT", message)] };
}

/** Then the profile's own step writes them there, and they come from there (../namespaceProfile/managedNamespace.ts). */
function areInAzure(cluster: ClusterTarget, current: KubernetesObject): boolean {
  return isManagedByArm(current) && managingClusterIdOf(cluster) !== undefined;
}

function isOwn(current: KubernetesObject, namespaceRef: NamespaceRef): boolean {
  return readMetadata(current.metadata)?.berth === namespaceKey(namespaceRef) && !isManagedByArm(current);
}

function ownLabels(current: KubernetesObject, namespaceRef: NamespaceRef): Labels {
  if (!isOwn(current, namespaceRef)) return {};
  return Object.fromEntries(Object.entries(current.metadata.labels ?? {}).filter(([name]) => isPodSecurityLabel(name)));
}

function lackingLabels({ metadata: { labels = {} } }: KubernetesObject, wanted: Labels): readonly string[] {
  return Object.entries(wanted).flatMap(([name, value]) => (labels[name] === value ? [] : [`${name}=${value}`]));
}

/** The namespace as it is found, whose labels should be those of the profile. */
export function inspectLabels(catalog: Catalog, input: Labelled, current: KubernetesObject): readonly Finding[] {
  const wanted = wantedLabels(catalog, input);
  if (!wanted || areInAzure(findCluster(catalog, input.cluster), current)) return [];
  if (isOwn(current, input)) return changesIn(namespaceObject(input, wanted), current);
  const { labels = {} } = current.metadata;
  return Object.entries(wanted).flatMap(([name, expected]) => {
    const found = labels[name] ?? null;
    const field = `metadata.labels.${name}`;
    const target = thingOf(refOf(current));
    return found === expected ? [] : [finding("POD_SECURITY_UNSET", target, { field, expected, found })];
  });
}
