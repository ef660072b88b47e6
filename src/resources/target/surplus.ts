/**
 * What the identity has by Mooring's mark or name where its request has no target. The record says where Mooring gave something: a
 * mark anywhere else was left, came late, or was copied.
 */
import { namespaceKey } from "../../domain/naming/names.ts";
import { readRoleMark } from "../../domain/naming/ownership.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import type { GaveRole } from "../definitions/inspection.ts";
import { holderOf, surplusOf } from "../definitions/surplus.ts";
import { carryOut } from "../definitions/tidying.ts";
import { hasOwnName } from "./azureRole/assignments.ts";
import { targetAt } from "./families.ts";
import { placesOf } from "./findPlaces.ts";
import { findTargetReach, revocationOf } from "./reach.ts";

export function isMarkedRole(request: OnboardingRequest, role: RoleAssignment): boolean {
  return readRoleMark(role.description)?.berth === namespaceKey(request) || hasOwnName(role);
}

/** At a place of a target of the request: where the catalog has it now, all roles; where it had it before, those of Mooring. */
export async function judgedRoles(
  ports: Pick<Ports, "catalog" | "registry">,
  request: OnboardingRequest,
): Promise<GaveRole> {
  const { cluster, namespace, targets = [] } = request;
  if (targets.length === 0) return () => false;
  const places = await placesOf(ports, { cluster, namespace });
  const known = targets.flatMap(({ target: key }) => places({ kind: "namedTarget", key }).known);
  return (role) =>
    known.some(({ place, isListed }) => (isListed || isMarkedRole(request, role)) && targetAt(place).judges(role));
}

/** Access of targets' own. */
export const surplusAccess = surplusOf(async (ports, request, isOffboarding) => {
  const identity = await holderOf(ports, request, isOffboarding);
  if (!identity) return [];
  const { cluster, namespace } = request;
  const about = { namespaceRef: { cluster, namespace }, principalId: identity.principalId };
  const { reached } = await findTargetReach(ports, about, request);
  const found = await Promise.all(
    reached.map(async (each) => ({ ...each, decision: await revocationOf(ports, request, each) })),
  );
  return found.flatMap(({ what, decision }) => {
    if (!decision || decision.writes.length === 0) return [];
    const differences = [{ field: "access", current: what, desired: null }];
    return [{ differences, takeAway: () => carryOut(decision) }];
  });
});
