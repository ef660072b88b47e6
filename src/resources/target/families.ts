import { byAzureRoleKind } from "../../domain/targets/azureRoles.ts";
import type { TargetPlace } from "../../domain/targets/namedTarget.ts";
import type { TargetAt } from "../definitions/targetFamily.ts";
import { azureRoleAt } from "./azureRole/family.ts";

type Kind = TargetPlace["kind"];

/** Every kind of the catalog: a kind without a family does not compile. */
const families: { readonly [K in Kind]: (place: Extract<TargetPlace, { kind: K | Kind }>) => TargetAt } = {
  ...byAzureRoleKind(() => azureRoleAt),
};

export function targetAt(place: TargetPlace): TargetAt {
  return families[place.kind](place);
}
