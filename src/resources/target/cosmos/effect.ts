/** When a role in a Cosmos DB account is in effect: an assignment has no time, so the step that made it says so. */

import { operationsOf } from "../../../domain/operation/lifecycle.ts";
import type { Access } from "../../../domain/targets/access.ts";
import { type CosmosPlace, cosmosRolesFor } from "../../../domain/targets/cosmos.ts";
import type { Ports } from "../../../ports/index.ts";
import { inEffectFrom, isOneOf } from "../../definitions/heldRoles.ts";
import type { About } from "../../definitions/targetFamily.ts";
import { readAssignments } from "./assignments.ts";

/** Azure publishes no delay of these; the one of its own roles is the longest that it publishes. Undefined if Mooring gave none. */
export async function effectiveFrom(
  ports: Pick<Ports, "cosmosRoles" | "registry">,
  place: CosmosPlace,
  { namespaceRef, judge, target, access }: About & { readonly access: readonly Access[] },
): Promise<number | undefined> {
  const { ours } = await readAssignments(ports, place, { namespaceRef, judge });
  const wanted = ours.filter((each) => isOneOf(each, cosmosRolesFor(access)));
  const record = await ports.registry.getNamespace(namespaceRef);
  if (!record) return undefined;
  const known = [...operationsOf(record), ...(record.given?.[target] ? [record.given[target].operation] : [])];
  const by = [...new Set(known)].filter((operation) => wanted.some((each) => each.isGivenBy(operation)));
  const steps = await Promise.all(
    by.map((operation) => ports.registry.getStep(operation, { name: "grantTarget", target })),
  );
  return inEffectFrom(steps.map((step) => step?.endTime));
}
