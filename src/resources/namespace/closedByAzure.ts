/** Whether the default network policy of a managed namespace keeps its pods from everything that the request names. */
import { z } from "zod";
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { toNotice } from "../../domain/operation/plan.ts";
import { findProfile } from "../../domain/profiles/profile.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Kubernetes } from "../../ports/kubernetes.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";

const Policy = z.object({
  spec: z.object({
    policyTypes: z.array(z.string()).default([]),
    egress: z.array(z.looseObject({ to: z.array(z.unknown()).optional() })).default([]),
  }),
});

export async function findClosed(
  { catalog, kubernetes }: { readonly catalog: Catalog; readonly kubernetes: Pick<Kubernetes, "list"> },
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<Obstacles> {
  const { namespace, namespaceProfile } = request;
  const opens =
    namespaceProfile !== undefined &&
    unlessDropped(
      () => findProfile(catalog, namespaceProfile).network !== undefined,
      () => false,
    );
  if (opens) return {};
  const name = "defaultnetworkpolicy";
  const query = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace };
  // Without profiles in the catalog, Mooring may not list them; one of another name it may never read by itself.
  const all = (await unlessForbidden(() => kubernetes.list(cluster, query))) ?? [];
  const spec = Policy.safeParse(all.find(({ metadata }) => metadata.name === name)).data?.spec;
  const isClosed = spec?.policyTypes.includes("Egress") && !spec.egress.some(({ to = [] }) => to.length === 0);
  if (!isClosed) return {};
  const message = `NetworkPolicy ${name} of namespace ${namespaceKey(request)} lets pods reach nothing outside the namespace.`;
  return { notices: [toNotice("NETWORK_CLOSED", message)] };
}
