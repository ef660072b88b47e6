/** The namespaces that use an identity: its own, and its guests (docs/adr/0029). */
import {
  homeOf,
  type IdentityUser,
  isGuest,
  type NamespaceRef,
  namespaceKey,
  namespaceRefOf,
} from "../../domain/naming/names.ts";
import { requestsOf } from "../../domain/operation/lifecycle.ts";
import { modeLeft, targetOf } from "../../domain/operation/migration.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { usesBinding } from "../../domain/request/identityModes.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";

type Looking = Pick<Ports["registry"], "getNamespace">;

/** Records of the namespaces that may have something of the identity, or have asked for it. */
export async function guestsOf(registry: Looking, home: NamespaceRef): Promise<readonly NamespaceRecord[]> {
  return await guestsIn(registry, home, await registry.getNamespace(home));
}

/** The same where the record of the identity's own namespace is known. */
export async function guestsIn(
  registry: Looking,
  home: NamespaceRef,
  record: Pick<NamespaceRecord, "guests"> | undefined,
): Promise<readonly NamespaceRecord[]> {
  const found = await Promise.all((record?.guests ?? []).map((key) => registry.getNamespace(namespaceRefOf(key))));
  return found.filter((each) => each !== undefined && askedOf(each, home).length > 0) as readonly NamespaceRecord[];
}

/** The requests of a guest of which something may be there. */
export function askedOf(guest: NamespaceRecord, home: NamespaceRef): readonly OnboardingRequest[] {
  return requestsOf(guest).filter(
    (request) => isGuest(request) && namespaceKey(homeOf(request)) === namespaceKey(home),
  );
}

/** Whether the namespace has an identity binding, or may have one because it migrates. */
export function mayBind(record: NamespaceRecord): boolean {
  const { migration } = record;
  const modes = migration ? [targetOf(migration), modeLeft(migration)] : [];
  return [...requestsOf(record), ...modes.map((identityMode) => ({ identityMode }))].some(usesBinding);
}

/** All that use the identity, without the namespace itself. */
export async function othersUsing(registry: Looking, user: IdentityUser): Promise<readonly NamespaceRecord[]> {
  const home = homeOf(user);
  const record = await registry.getNamespace(home);
  const all = [...(record ? [record] : []), ...(await guestsIn(registry, home, record))];
  return all.filter((each) => namespaceKey(each) !== namespaceKey(user));
}
