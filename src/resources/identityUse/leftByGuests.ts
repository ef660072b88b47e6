/**
 * Rights to use an identity that Mooring made for guests that are there no longer, such as one whose write took effect after its guest
 * had left: nobody looks for it in that namespace any more, so the identity's home does (identityBinding/leftByGuests.ts).
 */
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import { clusterIdOf, findCluster } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { lookUp } from "../../domain/lookUp.ts";
import {
  homeOf,
  type IdentityUser,
  isGuest,
  type NamespaceRef,
  namespaceKey,
  namespaceRefOf,
} from "../../domain/naming/names.ts";
import { adoptedBy, readMetadata } from "../../domain/naming/ownership.ts";
import { strongest } from "../../domain/operation/actions.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type Difference, stays, toStepPlan } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../ports/kubernetes.ts";
import type { Surplus } from "../definitions/resource.ts";
import type { StepContext } from "../definitions/step.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import { isAppliedByMooring } from "../kubernetesObject/fieldOwners.ts";
import { planObjectRemoval } from "../kubernetesObject/planObjects.ts";
import { type Leaving, planRemoval, removeObjects } from "../kubernetesObject/removeObjects.ts";
import { leavingRole } from "./bindings.ts";
import { guestSelector, useBindings, useRoles } from "./objects.ts";

export interface LeftRights {
  readonly guest: NamespaceRef;
  /** In the order of removal: first what gives the right. */
  readonly refs: readonly Leaving[];
}

type Looking = Pick<Ports, "catalog" | "kubernetes" | "registry">;

/**
 * The objects are read before the records: whose namespace has one by then has its right, or is about to. One that comes later waits
 * for the operation that holds the home (resources/identity/sharing.ts).
 */
export async function findRightsLeftByGuests(ports: Looking, user: IdentityUser): Promise<readonly LeftRights[]> {
  if (isGuest(user)) return [];
  const home = homeOf(user);
  const found = await Promise.all(clustersOfGuests(ports.catalog, home).map((each) => leftIn(ports, each, home)));
  return found.flat();
}

/** Where the catalog says nothing of guests, or of bindings, nobody looks. */
function clustersOfGuests(catalog: Catalog, home: NamespaceRef): readonly ClusterTarget[] {
  const { clusters = [] } = lookUp(catalog.sharedIdentities, namespaceKey(home)) ?? {};
  return clusters.map((alias) => findCluster(catalog, alias)).filter((each) => clusterIdOf(each) !== undefined);
}

async function leftIn(
  { kubernetes, registry }: Looking,
  cluster: ClusterTarget,
  home: NamespaceRef,
): Promise<readonly LeftRights[]> {
  const [bindings, roles] = await Promise.all([
    listSeen(kubernetes, cluster, { ...useBindings, home }),
    listSeen(kubernetes, cluster, { ...useRoles, home }),
  ]);
  const left = [...new Set([...bindings, ...roles].map(({ guest }) => guest))].map(async (key) => {
    const guest = namespaceRefOf(key);
    // A cluster may be in the catalog under several aliases.
    if (guest.cluster !== cluster.alias) return [];
    // A namespace that is there, with whatever identity, finds by itself what it should not have.
    if (await registry.getNamespace(guest)) return [];
    const own = bindings.filter((each) => each.guest === key).map(({ ref }) => ref);
    const hasRole = roles.some((each) => each.guest === key);
    return [{ guest, refs: [...own, ...(hasRole ? [leavingRole(kubernetes, cluster, guest)] : [])] }];
  });
  return (await Promise.all(left)).flat();
}

interface Seen {
  readonly guest: string;
  readonly ref: ObjectRef;
}

/** None where Mooring may not look. */
async function listSeen(
  kubernetes: Pick<Kubernetes, "list">,
  cluster: ClusterTarget,
  { home, ...kind }: { readonly apiVersion: string; readonly kind: string; readonly home: NamespaceRef },
): Promise<readonly Seen[]> {
  try {
    const found = await kubernetes.list(cluster, { ...kind, labelSelector: guestSelector(home) });
    return found.filter(({ metadata }) => isAppliedByMooring(metadata)).flatMap(seenOf);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return [];
  }
}

function seenOf(object: KubernetesObject): readonly Seen[] {
  const { metadata } = object;
  const guest = (readMetadata(metadata) ?? adoptedBy(metadata))?.berth;
  return guest === undefined || metadata.deletionTimestamp !== undefined ? [] : [{ guest, ref: refOf(object) }];
}

/** No record knows them. */
const recordedMark = async () => undefined;

/** What a step that removes them announces, with all else that it removes. */
export async function removalsOfRights(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  left: readonly LeftRights[],
): Promise<readonly Difference[]> {
  const found = left.map(async ({ guest, refs }) => {
    const decisions = await planRemoval(kubernetes, findCluster(catalog, guest.cluster), refs, {
      ...guest,
      recordedMark,
    });
    return decisions.flatMap(({ differences }) => differences);
  });
  return (await Promise.all(found)).flat().filter(({ desired }) => desired !== stays);
}

export async function removeRights(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  left: readonly LeftRights[],
  step: Pick<StepContext, "willDo">,
): Promise<StepAction> {
  const actions: StepAction[] = [];
  for (const { guest, refs } of left) {
    const cluster = findCluster(catalog, guest.cluster);
    actions.push(await removeObjects(kubernetes, cluster, refs, { ...guest, recordedMark, step }));
  }
  return strongest(actions);
}

/** For a repair of the home. */
export const rightsLeftByGuests: Surplus = {
  async look(ports, request, step) {
    const left = await findRightsLeftByGuests(ports, request);
    const plans = left.map(({ guest, refs }) => {
      const cluster = findCluster(ports.catalog, guest.cluster);
      return planObjectRemoval(ports.kubernetes, cluster, refs, { ...guest, recordedMark, step });
    });
    const all = await Promise.all(plans);
    const differences = all.flatMap((each) => each.differences);
    return {
      ...toStepPlan(step, { action: strongest(all.map(({ action }) => action)), differences }),
      blockers: all.flatMap(({ blockers }) => blockers),
    };
  },
  run: async (ports, { request }, step) =>
    await removeRights(ports, await findRightsLeftByGuests(ports, request), step),
};
