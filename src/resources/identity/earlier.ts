/** Identities of the namespace where the catalog had them before: it says where new ones are made, and the record where there may be one. */
import { identityIdOf } from "../../domain/catalog/clusters.ts";
import { identityName, type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { readTags } from "../../domain/naming/ownership.ts";
import { isSameId } from "../../domain/naming/resourceId.ts";
import { type Difference, toStepPlan } from "../../domain/operation/plan.ts";
import type { IdentityRef, ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { list } from "../definitions/dependants.ts";
import { noticeOfLeft, unlessDropped } from "../definitions/leftCatalog.ts";
import type { Surplus } from "../definitions/resource.ts";
import type { StepContext } from "../definitions/step.ts";
import { hasOwnName } from "../federatedCredential/ownName.ts";

type Looking = Pick<Ports, "catalog" | "identities" | "registry">;

interface Earlier {
  readonly ref: IdentityRef;
  readonly identity: ManagedIdentity;
  /** Why it stays, a sentence; undefined if nothing is in the way. */
  readonly kept: string | undefined;
}

/** Those with Mooring's tags for the namespace. Nearly always there is no earlier place, and nothing is read. */
export async function findEarlier(ports: Looking, { cluster, namespace }: NamespaceRef): Promise<readonly Earlier[]> {
  const namespaceRef = { cluster, namespace };
  const { identityPlaces: known = [] } = (await ports.registry.getNamespace(namespaceRef)) ?? {};
  const current = unlessDropped(
    () => identityIdOf(ports.catalog, namespaceRef),
    () => "",
  );
  const refs = known.flatMap((id) => (isSameId(id, current) ? [] : refOf(id, namespaceRef)));
  const found = await Promise.all(refs.map((ref) => lookAt(ports, namespaceRef, ref)));
  return found.filter((each) => each !== undefined);
}

function refOf(id: string, namespaceRef: NamespaceRef): readonly IdentityRef[] {
  const [, , subscriptionId = "", , resourceGroup = ""] = id.split("/");
  return resourceGroup === "" ? [] : [{ subscriptionId, resourceGroup, name: identityName(namespaceRef) }];
}

async function lookAt(
  { identities }: Looking,
  namespaceRef: NamespaceRef,
  ref: IdentityRef,
): Promise<Earlier | undefined> {
  const identity = await identities.get(ref);
  if (!identity || readTags(identity.tags)?.berth !== namespaceKey(namespaceRef)) return undefined;
  const foreign = (await identities.federatedCredentials(ref)).filter((each) => !hasOwnName(each, namespaceRef));
  const names = list(foreign.map(({ name }) => `"${name}"`));
  const kept =
    foreign.length > 0 ? `Identity ${identity.id} has federated credentials of others: ${names}.` : undefined;
  return { ref, identity, kept };
}

export function differencesOf(found: readonly Earlier[]): readonly Difference[] {
  return found
    .filter(({ kept }) => kept === undefined)
    .map(({ identity }) => ({ field: "id", current: identity.id, desired: null }));
}

/** What is said where they are not removed. */
export function noticesOf(found: readonly Earlier[]) {
  return found.map(({ identity, kept }) =>
    noticeOfLeft({ message: kept ?? `Identity ${identity.id} is an earlier one.` }),
  );
}

/** Removes those that nobody else has federated, and says which stay. Their credentials go with them. */
export async function removeEarlier(
  ports: Looking,
  found: readonly Earlier[],
  step: Pick<StepContext, "notice">,
): Promise<void> {
  const left = found.filter(({ kept }) => kept !== undefined);
  if (left.length > 0) await step.notice(noticesOf(left));
  for (const { ref, kept } of found) if (kept === undefined) await ports.identities.remove(ref);
}

/** For a repair, which has given their users and roles to the current identity by then. */
export const earlierIdentities: Surplus = {
  async look(ports, request, step) {
    const found = await findEarlier(ports, request);
    const differences = differencesOf(found);
    return toStepPlan(step, { action: differences.length > 0 ? "delete" : "none", differences });
  },
  async run(ports, { request }, step) {
    const found = await findEarlier(ports, request);
    const differences = differencesOf(found);
    if (differences.length > 0) await step.willDo("delete", differences);
    await removeEarlier(ports, found, step);
    return differences.length > 0 ? "delete" : "none";
  },
};
