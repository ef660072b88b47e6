/**
 * Names and texts in a statement for PostgreSQL; all of them go through these (postgresql.org "Lexical Structure"). Longer names would
 * be cut silently, and so mean another thing.
 */
const longestName = 63;

export function quoteIdentifier(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > longestName)
    throw new RangeError(`A PostgreSQL identifier has 1 to ${longestName} bytes; this one has ${bytes}`);
  if (name.includes("\0")) throw new RangeError("A PostgreSQL identifier cannot hold the character NUL");
  return `"${name.replaceAll('"', '""')}"`;
}

/** Means the same whatever standard_conforming_strings is. */
export function quoteLiteral(text: string): string {
  if (text.includes("\0")) throw new RangeError("A PostgreSQL text cannot hold the character NUL");
  const quoted = `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;
  return text.includes("\\") ? `E${quoted}` : quoted;
}
