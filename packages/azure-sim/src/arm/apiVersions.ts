/**
 * The API versions of a resource type. A client that is newer than this simulator is served in the newest form that it knows,
 * as long as Azure could have its version: not one that is between two known ones, no date, or in the future.
 */
import type { World } from "../world.ts";
import { failures } from "./failures.ts";

export function checkApiVersion({ now }: Pick<World, "now">, version: string | null, known: readonly string[]): void {
  if (!version) throw failures.missingApiVersion();
  const asked = version.toLowerCase();
  if (known.includes(asked) || isNewer(asked, { newest: known.toSorted().at(-1) ?? "", today: now() })) return;
  throw failures.invalidApiVersion(version, known);
}

function isNewer(version: string, { newest, today }: { newest: string; today: Date }): boolean {
  const [, date] = /^(\d{4}-\d{2}-\d{2})(?:-[a-z]+)?$/.exec(version) ?? [];
  if (date === undefined || date <= newest.slice(0, 10)) return false;
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day <= today;
}
