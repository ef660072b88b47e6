/** Schemas on Azure Database for PostgreSQL. They know an identity by its principal ID. */
import { toOperationError } from "../../../domain/operation/plan.ts";
import type { PostgresPlace } from "../../../domain/targets/postgres.ts";
import type { Obstacles } from "../../definitions/preflight.ts";
import type { NamedTargetAt } from "../../definitions/targetFamily.ts";
import { exportAt } from "./export.ts";
import { findPlaceConflict, planGrant } from "./grant.ts";
import { inspectRole } from "./inspection.ts";
import { othersInSchema } from "./otherAccess.ts";
import { reachedInSchema } from "./reach.ts";
import { planRevocation } from "./revocation.ts";
import type { Looking } from "./role.ts";

export function postgresAt(place: PostgresPlace): NamedTargetAt {
  return {
    planGrant: (ports, input) => planGrant(ports, place, input),
    planRevocation: (ports, input) => planRevocation(ports, place, input),
    inspect: (ports, input) => inspectRole(ports, place, input),
    // Without the server or its schema, nothing there can be read.
    unmet: async () => undefined,
    preflight: (ports, input) => [() => canGrant(ports, place, input)],
    lockScope: undefined,
    others: (ports, { owners }) => othersInSchema(ports, place, owners),
    reached: (ports, input) => reachedInSchema(ports, place, input),
    isProvable: () => true,
    effectiveFrom: async () => undefined,
    exported: (input) => exportAt(place, input),
    judges: () => false,
  };
}

/** That the server answers, that Mooring is an administrator there, and what it may give. */
async function canGrant(
  { postgres }: Looking,
  place: PostgresPlace,
  about: { readonly target: string },
): Promise<Obstacles> {
  const { schema } = await postgres.inspect(place, { role: place.login, principalId: undefined });
  const conflict = findPlaceConflict(schema, place, about);
  return conflict ? { blockers: [toOperationError(conflict.code, conflict.message)] } : {};
}
