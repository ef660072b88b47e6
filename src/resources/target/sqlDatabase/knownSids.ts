import { identityRef } from "../../../domain/catalog/clusters.ts";
import { lookUp } from "../../../domain/lookUp.ts";
import type { NamespaceRef } from "../../../domain/naming/names.ts";
import { sidFromClientId } from "../../../domain/naming/sid.ts";
import type { DatabaseState } from "../../../ports/databases.ts";
import type { Ports } from "../../../ports/index.ts";
import { sidOf } from "./knownMark.ts";
import { asCataloged } from "./way.ts";

/**
 * Every SID that a user of the namespace may have in the database: a user that somebody renamed is found only by it. The
 * namespace's record knows it from the moment of onboarding; until then, only the identity does.
 */
export async function knownSids(
  { catalog, identities, registry }: Pick<Ports, "catalog" | "identities" | "registry">,
  namespaceRef: NamespaceRef,
  database: string,
): Promise<readonly string[]> {
  const { clientId: onboarded, things = [] } = (await registry.getNamespace(namespaceRef)) ?? {};
  const isListed = lookUp(catalog.clusters, namespaceRef.cluster) !== undefined;
  const find = () => identities.get(identityRef(catalog, namespaceRef));
  const clientId = onboarded ?? (isListed ? (await find())?.clientId : undefined);
  const seen = things.flatMap(({ thing, id }) => (thing === database ? [sidOf(id)] : []));
  return [...new Set([...(clientId === undefined ? [] : [sidFromClientId(clientId)]), ...seen])];
}

/** The database, with the users that have the name or one of the SIDs. Nearly always there is one SID, and so one round trip. */
export async function findUsers(
  { databases }: Pick<Ports, "databases">,
  target: Parameters<Ports["databases"]["inspect"]>[0],
  { name, sids }: { readonly name: string; readonly sids: readonly string[] },
): Promise<DatabaseState> {
  const [first, ...more] = sids;
  const inspect = async (sid: string | undefined) =>
    asCataloged(target, await databases.inspect(target, { name, sid }));
  const [state, ...others] = await Promise.all([inspect(first), ...more.map(inspect)]);
  const users = [state, ...others].flatMap((each) => each.users);
  return { ...state, users: [...new Map(users.map((user) => [user.name, user])).values()] };
}
