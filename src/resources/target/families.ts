import type { PlaceOfTarget } from "../../domain/targets/namedTarget.ts";
import type { TargetAt } from "../definitions/targetFamily.ts";
import { azureRoleAt } from "./azureRole/family.ts";
import { cosmosAt } from "./cosmos/family.ts";
import { postgresAt } from "./postgres/family.ts";

/** Every kind of the catalog: a kind without a family does not compile. */
export function targetAt(place: PlaceOfTarget): TargetAt {
  switch (place.kind) {
    case "postgresql":
      return postgresAt(place);
    case "cosmosNoSql":
      return cosmosAt(place);
    default:
      return azureRoleAt(place);
  }
}
