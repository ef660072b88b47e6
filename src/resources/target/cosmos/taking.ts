import { type CosmosPlace, cosmosRolesFor, isGivenBy } from "../../../domain/targets/cosmos.ts";
import type { Decision, Taking } from "../../definitions/targetFamily.ts";
import { isOf, isOneOf, type Looking, readAssignments } from "./assignments.ts";

/** Takes back the roles that Mooring gave, whichever identity has them, except those that the namespace keeps. */
export async function planTaking(ports: Looking, place: CosmosPlace, input: Taking): Promise<Decision> {
  const { createdBy, granted } = input;
  const { ours } = await readAssignments(ports, place, input);
  const kept = cosmosRolesFor(input.keep);
  const taken = ours
    .filter((each) => !isOneOf(each, kept))
    .filter((each) => !granted || (granted.to && isOf(each, granted.to)))
    .filter(({ name }) => createdBy === undefined || isGivenBy(name, createdBy));
  return {
    action: taken.length > 0 ? "delete" : "none",
    differences: taken.map(({ word }) => ({ field: word, current: "granted", desired: null })),
    writes: taken.map(
      ({ name }) =>
        () =>
          ports.cosmosRoles.remove(place.resourceId, name),
    ),
  };
}
