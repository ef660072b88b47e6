/** Reading the roles at a target's scope back. */
import { type Finding, finding } from "../../../domain/finding.ts";
import { type CosmosPlace, cosmosRolesFor } from "../../../domain/targets/cosmos.ts";
import type { Inspecting } from "../../definitions/targetFamily.ts";
import { type Assigned, isOf, isOneOf, type Looking, readAssignments } from "./assignments.ts";

export async function inspectRoles(ports: Looking, place: CosmosPlace, input: Inspecting): Promise<readonly Finding[]> {
  const { target, identity } = input;
  // That the identity is gone is a finding of its own.
  if (!identity) return [];
  const { ours, others } = await readAssignments(ports, place, input);
  const wanted = cosmosRolesFor(input.access);
  const own = ours.filter((each) => isOf(each, identity));
  const stale = ours.filter((each) => !isOf(each, identity));
  const added = others.filter((each) => isOf(each, identity));
  const missing = wanted.filter((role) => ![...own, ...added].some((each) => isOneOf(each, [role])));
  return [
    ...missing.map(({ word }) => finding("GRANT_MISSING", target, { field: word, expected: "granted", found: null })),
    ...stale.map(({ word, principalId }) =>
      finding("GRANT_STALE", target, { field: word, expected: identity.principalId, found: principalId }),
    ),
    ...own.flatMap((each) => beyond("GRANT_SURPLUS", each, "granted by Mooring")),
    ...added.flatMap((each) => beyond("GRANT_ADDED", each, "granted by somebody else")),
  ];

  function beyond(code: "GRANT_SURPLUS" | "GRANT_ADDED", each: Assigned, found: string): readonly Finding[] {
    return isOneOf(each, wanted) ? [] : [finding(code, target, { field: each.word, expected: null, found })];
  }
}
