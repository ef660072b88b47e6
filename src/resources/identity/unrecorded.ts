/**
 * Identities that Mooring made or used for a namespace, and that no record knows: the registry lost its row, and whoever asks for the
 * namespace would get what they can reach. An operator decides.
 */
import { identityRef } from "../../domain/catalog/clusters.ts";
import { homeOf, type IdentityUser, isGuest, type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { readTags } from "../../domain/naming/ownership.ts";
import type { Conflict } from "../../domain/operation/plan.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { list } from "../definitions/dependants.ts";
import { describeReach } from "./reach.ts";
import { findUsesAsGuest, isUsedByNamespace } from "./uses.ts";

interface Asked {
  /** For a plan that an operator asks for: only operators see what an identity can reach, and whose it is. */
  readonly operator?: object | undefined;
}

export async function unrecordedConflict(
  ports: Ports,
  identity: ManagedIdentity,
  { operator, ...namespaceRef }: NamespaceRef & Asked,
  why: string,
): Promise<Conflict> {
  const what = `Identity "${identity.name}" (client ID ${identity.clientId}) ${why}, and no record knows it.`;
  const message = operator ? `${what} ${await describeReach(ports, identity, namespaceRef)}` : what;
  return { code: "IDENTITY_UNRECORDED", message };
}

/** Whether the namespace may have used another identity than the request's. */
export function mayHaveAnother(ports: Pick<Ports, "catalog">, user: IdentityUser): boolean {
  return isGuest(user) || otherHomesOf(ports, user).length > 0;
}

/** The namespace's pods could use another identity beside the one of the request, which is its first. */
export async function besideConflict(ports: Ports, user: IdentityUser & Asked): Promise<Conflict | undefined> {
  return (isGuest(user) ? await ownConflict(ports, user) : undefined) ?? (await homeConflict(ports, user));
}

/** The namespace had an identity of its own, and the request is a guest's. */
async function ownConflict(
  ports: Ports,
  { cluster, namespace, operator }: IdentityUser & Asked,
): Promise<Conflict | undefined> {
  const own = { cluster, namespace };
  const current = await ports.identities.get(identityRef(ports.catalog, own));
  if (!current) return undefined;
  const key = namespaceKey(own);
  const ownership = readTags(current.tags);
  const isMade = ownership?.berth === key;
  if (!isMade && !(await isUsedByNamespace(ports, current, own))) return undefined;
  const why = isMade ? `has Mooring's tags from operation ${ownership.operation}` : `has what Mooring wrote for ${key}`;
  const { code, message } = await unrecordedConflict(ports, current, { ...own, operator }, why);
  const next = `Delete it, or onboard ${key} without sharedIdentity and with adoptIdentity=${current.clientId}, and offboard it again.`;
  return { code, message: operator ? `${message} ${next}` : message };
}

/** The namespace was a guest of another home. */
async function homeConflict(ports: Ports, { operator, ...user }: IdentityUser & Asked): Promise<Conflict | undefined> {
  const code = "IDENTITY_UNRECORDED";
  const key = namespaceKey(user);
  const looks = otherHomesOf(ports, user).map(async (sharedIdentity) => {
    const asGuest = { ...user, sharedIdentity };
    const current = await ports.identities.get(identityRef(ports.catalog, asGuest));
    const uses = current ? await findUsesAsGuest(ports, asGuest) : [];
    return current && uses.length > 0 ? [{ asGuest, current, uses }] : [];
  });
  const [found] = (await Promise.all(looks)).flat();
  if (!found) return undefined;
  const what = `Pods of ${key} can use the identity of another namespace, and no record knows it`;
  if (!operator) return { code, message: `${what}.` };
  const { asGuest, current, uses } = found;
  const home = asGuest.sharedIdentity;
  const which = `"${current.name}" of ${home}, by ${list(uses)}.`;
  const next = `A repair of ${home} takes away what Mooring wrote; what others wrote has to be removed by hand. If ${key} is its guest, onboard it with sharedIdentity=${home}.`;
  return { code, message: `${what}: ${which} ${await describeReach(ports, current, homeOf(asGuest))} ${next}` };
}

/** Whose identities namespaces of the cluster may use. */
function otherHomesOf({ catalog }: Pick<Ports, "catalog">, user: IdentityUser): readonly string[] {
  const known = [namespaceKey(user), namespaceKey(homeOf(user))];
  return Object.entries(catalog.sharedIdentities)
    .filter(([key, { clusters }]) => clusters.includes(user.cluster) && !known.includes(key))
    .map(([key]) => key);
}
