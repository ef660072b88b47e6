/** What a namespace would lose, in words. */
import type { Loss } from "../src/domain/request/loss.ts";

/** `database sql-dev/messages (reader)`, or `writer on database sql-dev/orders`. */
export function lossText({ thing, name, access, isWhole }: Readonly<Omit<Loss, "access">> & LostAccess): string {
  const roles = access.join(", ");
  if (!isWhole) return `${roles} on ${thing} ${name}`;
  return roles === "" ? `${thing} ${name}` : `${thing} ${name} (${roles})`;
}

interface LostAccess {
  readonly access: readonly string[];
}
