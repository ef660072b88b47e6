/** Other people's aad-pod-identity bindings: they can give the identity to other pods, or give its own pods another identity. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { traitsOf } from "../../domain/catalog/clusterKinds.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { azureIdentityName, bindingName, type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import { type OnboardingRequest, selectorOf } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { type Dependants, isMarked, list, readable } from "../definitions/dependants.ts";
import { behaviorAnnotation, podIdentityApi } from "./podIdentity.ts";

const BindingSpec = z.object({ azureIdentity: z.string(), selector: z.string().default("") });
const Spec = z.object({ spec: BindingSpec });

interface Binding extends z.infer<typeof BindingSpec> {
  readonly metadata: KubernetesObject["metadata"];
}

async function listBindings(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
): Promise<readonly Binding[]> {
  const bindings = await kubernetes.list(cluster, { apiVersion: podIdentityApi, kind: "AzureIdentityBinding" });
  return bindings.flatMap((binding) => {
    const spec = Spec.safeParse(binding).data?.spec;
    return spec ? [{ metadata: binding.metadata, ...spec }] : [];
  });
}

/** Aad-pod-identity looks the identity up in the binding's own namespace, so only the bindings there count. */
function ofIdentity(bindings: readonly Binding[], namespaceRef: NamespaceRef): readonly Binding[] {
  return bindings.filter(
    ({ metadata, azureIdentity }) =>
      metadata.namespace === namespaceRef.namespace &&
      metadata.name !== bindingName(namespaceRef) &&
      azureIdentity === azureIdentityName(namespaceRef),
  );
}

type Selecting = NamespaceRef & { readonly selector: string };

/** Bindings that can give another identity to pods with the request's selector: aad-pod-identity picks either. */
async function rivalsOf(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  { bindings, request }: { bindings: readonly Binding[]; request: Selecting },
): Promise<readonly Binding[]> {
  const same = bindings.filter(({ selector }) => selector === request.selector);
  const reaching = await Promise.all(
    same.map(async ({ metadata: { namespace = "" }, azureIdentity }) => {
      if (namespace === request.namespace) return azureIdentity !== azureIdentityName(request);
      // In managed mode an identity serves only pods of its own namespace; otherwise its annotation decides.
      if (traitsOf(cluster).podIdentity?.mode === "managed") return false;
      const ref = { apiVersion: podIdentityApi, kind: "AzureIdentity", name: azureIdentity, namespace };
      const identity = await kubernetes.get(cluster, ref);
      return identity !== undefined && identity.metadata.annotations?.[behaviorAnnotation] !== "namespaced";
    }),
  );
  return same.filter((_, index) => reaching[index]);
}

/** A conflict if others select the same pods: reported before the first write. */
export async function selectorConflict(
  ports: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  request: Selecting,
): Promise<OperationError | undefined> {
  const rivals = await rivalsOf(ports, cluster, { bindings: await listBindings(ports, cluster), request });
  if (rivals.length === 0) return undefined;
  const names = list(rivals.map((rival) => `${nameOf(rival)} to ${rival.azureIdentity}`));
  const message = `Other AzureIdentityBindings bind pods with the selector ${request.selector}: ${names}.`;
  return toOperationError("SELECTOR_SHARED", message);
}

function nameOf({ metadata: { name, namespace = "" } }: Binding): string {
  return `${namespace}/${name}`;
}

/** Who else depends on the AzureIdentity. */
export async function dependantsOfPodIdentity(
  ports: Pick<Ports, "catalog" | "kubernetes">,
  namespaceRef: NamespaceRef,
): Promise<Dependants> {
  const cluster = findCluster(ports.catalog, namespaceRef.cluster);
  return await readable(async () => {
    const bindings = ofIdentity(await listBindings(ports, cluster), namespaceRef);
    const foreign = bindings.filter(({ metadata }) => !isMarked(metadata, namespaceRef));
    if (foreign.length === 0) return [];
    const names = list(foreign.map(({ metadata, selector }) => `${metadata.name} (selector ${selector})`));
    const message = `AzureIdentityBindings of others in ${namespaceKey(namespaceRef)} give identity ${azureIdentityName(namespaceRef)} to pods: ${names}.`;
    return [toOperationError("IDENTITY_BOUND_BY_OTHERS", message)];
  });
}

export async function inspectBindings(
  ports: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<readonly Finding[]> {
  const bindings = await listBindings(ports, cluster);
  const { cluster: alias, namespace } = request;
  const selecting = { cluster: alias, namespace, selector: selectorOf(request) };
  const rivals = await rivalsOf(ports, cluster, { bindings, request: selecting });
  return [
    ...ofIdentity(bindings, request).map(({ metadata, selector }) => {
      const what = { field: "spec.selector", expected: null, found: selector };
      return finding("BINDING_ADDED", `AzureIdentityBinding ${metadata.name}`, what);
    }),
    ...rivals.map((rival) => {
      const what = {
        field: "spec.selector",
        expected: null,
        found: `${rival.selector}, bound to ${rival.azureIdentity}`,
      };
      return finding("SELECTOR_SHARED", `AzureIdentityBinding ${nameOf(rival)}`, what);
    }),
  ];
}
