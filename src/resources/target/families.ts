import { byAzureRoleKind } from "../../domain/targets/azureRoles.ts";
import type { PlaceOfTarget } from "../../domain/targets/namedTarget.ts";
import type { TargetAt } from "../definitions/targetFamily.ts";
import { azureRoleAt } from "./azureRole/family.ts";

type Kind = PlaceOfTarget["kind"];

/** Every kind of the catalog: a kind without a family does not compile. */
const families: { readonly [K in Kind]: (place: Extract<PlaceOfTarget, { kind: K | Kind }>) => TargetAt } = {
  ...byAzureRoleKind(() => azureRoleAt),
};

export function targetAt(place: PlaceOfTarget): TargetAt {
  return families[place.kind](place);
}
