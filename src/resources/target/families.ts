import type { PlaceOfTarget } from "../../domain/targets/namedTarget.ts";
import type { TargetAt } from "../definitions/targetFamily.ts";
import { azureRoleAt } from "./azureRole/family.ts";
import { postgresAt } from "./postgres/family.ts";

/** Every kind of the catalog: a kind without a family does not compile. */
export function targetAt(place: PlaceOfTarget): TargetAt {
  return place.kind === "postgresql" ? postgresAt(place) : azureRoleAt(place);
}
