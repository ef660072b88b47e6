/**
 * A name as a T-SQL identifier; every name in a statement goes through this. Inside brackets only `]` is special, and doubled it
 * stands for itself (learn.microsoft.com "QUOTENAME (Transact-SQL)").
 */
export function quoteName(name: string): string {
  if (name.length < 1 || name.length > 128) {
    throw new RangeError(`A SQL identifier has 1 to 128 UTF-16 units; this one has ${name.length}`);
  }
  if (name.includes("\0")) throw new RangeError("A SQL identifier cannot hold the character NUL");
  return `[${name.replaceAll("]", "]]")}]`;
}
