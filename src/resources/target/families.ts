import type { PlaceOfTarget } from "../../domain/targets/namedTarget.ts";
import type { NamedTargetAt, TargetAt } from "../definitions/targetFamily.ts";
import { azureRoleAt } from "./azureRole/family.ts";
import { cosmosAt } from "./cosmos/family.ts";
import { postgresAt } from "./postgres/family.ts";
import { sqlDatabaseAt } from "./sqlDatabase/family.ts";
import type { DatabasePlace } from "./sqlDatabase/place.ts";

export type AnyPlace = PlaceOfTarget | DatabasePlace;

/** Every kind of the catalog: a kind without a family does not compile. */
export function targetAt(place: PlaceOfTarget): NamedTargetAt<string>;
export function targetAt(place: AnyPlace): TargetAt<string>;
export function targetAt(place: AnyPlace): TargetAt<string> {
  switch (place.kind) {
    case "sqlDatabase":
      return sqlDatabaseAt(place);
    case "postgresql":
      return postgresAt(place);
    case "cosmosNoSql":
      return cosmosAt(place);
    default:
      return azureRoleAt(place);
  }
}
