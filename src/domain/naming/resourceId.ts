/** Azure ignores case in the IDs of resources, and so in the scopes of roles. */
export function isSameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The same scope, or one below it. */
export function isWithinScope(scope: string, parent: string): boolean {
  return `${scope}/`.toLowerCase().startsWith(`${parent}/`.toLowerCase());
}
