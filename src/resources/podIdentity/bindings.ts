/** Bindings of aad-pod-identity by which pods of others get the identity. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { type Berth, berthKey, bindingName, identityName } from "../../domain/naming/names.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { KubernetesObject, Ports } from "../../ports.ts";
import { type Dependants, isMarked, list, readable } from "../definitions/dependants.ts";
import { podIdentityApi } from "./podIdentity.ts";

const Binding = z.object({ spec: z.object({ azureIdentity: z.string(), selector: z.string().default("") }) });

/** Aad-pod-identity looks the identity up in the binding's own namespace, so only the bindings there count. */
async function bindingsOfIdentity(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  berth: Berth,
): Promise<readonly { readonly metadata: KubernetesObject["metadata"]; readonly selector: string }[]> {
  const { namespace } = berth;
  const query = { apiVersion: podIdentityApi, kind: "AzureIdentityBinding", namespace };
  const bindings = await kubernetes.list(cluster, query);
  return bindings.flatMap((binding) => {
    const { metadata } = binding;
    const spec = Binding.safeParse(binding).data?.spec;
    const isOther = metadata.namespace === namespace && metadata.name !== bindingName(berth);
    return isOther && spec?.azureIdentity === identityName(berth) ? [{ metadata, selector: spec.selector }] : [];
  });
}

/** Who else depends on the AzureIdentity. */
export async function dependantsOfPodIdentity(
  ports: Pick<Ports, "catalog" | "kubernetes">,
  berth: Berth,
): Promise<Dependants> {
  const cluster = findCluster(ports.catalog, berth.cluster);
  return await readable(async () => {
    const foreign = (await bindingsOfIdentity(ports, cluster, berth)).filter(
      ({ metadata }) => !isMarked(metadata, berth),
    );
    if (foreign.length === 0) return [];
    const names = list(foreign.map(({ metadata, selector }) => `${metadata.name} (selector ${selector})`));
    const message = `AzureIdentityBindings of others in ${berthKey(berth)} give identity ${identityName(berth)} to pods: ${names}.`;
    return [toOperationError("IDENTITY_BOUND_BY_OTHERS", message)];
  });
}

export async function inspectBindings(
  ports: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<readonly Finding[]> {
  return (await bindingsOfIdentity(ports, cluster, request)).map(({ metadata, selector }) => {
    const what = { field: "spec.selector", expected: null, found: selector };
    return finding("BINDING_ADDED", `AzureIdentityBinding ${metadata.name}`, what);
  });
}
