import { z } from "zod";
import type { Plan } from "../../domain/operation/plan.ts";

/**
 * The SQL servers whose administrator the operation checks and sets. Absent without such servers, and in operations older than
 * the step.
 */
export const Admins = z.array(z.string()).optional();

export function adminsToSet({ steps }: Plan): string[] {
  return steps
    .filter(({ name, action }) => name === "ensureSqlAdmin" && action === "create")
    .map(({ target }) => target);
}
