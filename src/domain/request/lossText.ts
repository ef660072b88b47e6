/** What a namespace loses, in words. Imports nothing, because the command line and the dashboard use it, too. */

interface Lost {
  readonly thing: string;
  readonly name: string;
  readonly access: readonly string[];
  readonly isWhole: boolean;
}

/** `aks-dev/team-a would lose database sql-dev/messages (reader).` */
export function describeLosses(key: string, losses: readonly Lost[]): string {
  return `${key} would lose ${losses.map(lossText).join("; ")}.`;
}

/** `database sql-dev/messages (reader)`, or `writer on database sql-dev/orders`. */
export function lossText({ thing, name, access, isWhole }: Lost): string {
  const roles = access.join(", ");
  if (!isWhole) return `${roles} on ${thing} ${name}`;
  return roles === "" ? `${thing} ${name}` : `${thing} ${name} (${roles})`;
}
