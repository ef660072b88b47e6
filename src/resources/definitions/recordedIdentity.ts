/** The identity of a namespace as its record knows it, from its first verification on. */
import { IdentityPair } from "../../domain/naming/identityPair.ts";
import { type Berth, identityName } from "../../domain/naming/names.ts";
import type { Ports } from "../../ports/index.ts";

export async function recordedIdentity(
  { registry }: Pick<Ports, "registry">,
  berth: Berth,
): Promise<IdentityPair | undefined> {
  const { clientId, things = [] } = (await registry.getNamespace(berth)) ?? {};
  const principalId = things.find(({ thing }) => thing === identityName(berth))?.id;
  return IdentityPair.safeParse({ clientId, principalId }).data;
}
