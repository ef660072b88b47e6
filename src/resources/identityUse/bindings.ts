/** ClusterRoleBindings that refer to the namespace's ClusterRole: Mooring's own, and those of others. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { type NamespaceRef, useBindingName, useRoleName } from "../../domain/naming/names.ts";
import type { Kubernetes, KubernetesObject } from "../../ports/kubernetes.ts";
import { isMarked } from "../definitions/dependants.ts";
import { isAppliedByMooring } from "../kubernetesObject/fieldOwners.ts";
import type { Leaving } from "../kubernetesObject/removeObjects.ts";
import { useBindings, useRoleRef, useSelector } from "./objects.ts";

type Listing = Pick<Kubernetes, "list">;

/** Those with Mooring's mark for other accounts than this one, such as one whose write took effect late. */
export async function findOtherBindings(
  kubernetes: Listing,
  cluster: ClusterTarget,
  { serviceAccount, ...namespaceRef }: NamespaceRef & { readonly serviceAccount: string | undefined },
): Promise<readonly KubernetesObject[]> {
  const found = await kubernetes.list(cluster, { ...useBindings, labelSelector: useSelector(namespaceRef) });
  const asked = serviceAccount === undefined ? undefined : useBindingName(namespaceRef, serviceAccount);
  return found.filter(
    ({ metadata }) => metadata.name !== asked && isMarked(metadata, namespaceRef) && isAppliedByMooring(metadata),
  );
}

const Ref = z.object({ roleRef: z.object({ kind: z.string(), name: z.string() }) });

/** The ClusterRole, which goes with its last binding. */
export function leavingRole(kubernetes: Listing, cluster: ClusterTarget, namespaceRef: NamespaceRef): Leaving {
  const mustStay = () => isUsedByOthers(kubernetes, cluster, namespaceRef);
  return { ...useRoleRef(namespaceRef), keptFields: ["rules"], mustStay };
}

/** Whether somebody else gives the ClusterRole to anyone: it stays for them. */
async function isUsedByOthers(
  kubernetes: Listing,
  cluster: ClusterTarget,
  namespaceRef: NamespaceRef,
): Promise<boolean> {
  const all = await kubernetes.list(cluster, useBindings);
  return all.some((binding) => {
    const { kind, name } = Ref.safeParse(binding).data?.roleRef ?? {};
    return kind === "ClusterRole" && name === useRoleName(namespaceRef) && !isMarked(binding.metadata, namespaceRef);
  });
}
