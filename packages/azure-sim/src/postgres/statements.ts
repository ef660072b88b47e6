/** The name of a call, for faults and the journal: the first words of its statement. */

/** What a comment at its very beginning says, as clients write it for whoever watches the server; otherwise `CREATE ROLE`, `ALTER DEFAULT PRIVILEGES`, `SELECT pgaadauth_create_principal_with_oid`. */
export function nameStatement(sql: string): string {
  const told = /^\s*\/\*([\s\S]*?)\*\//.exec(sql)?.[1]?.trim();
  if (told) return told;
  const text = sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, " ").trim();
  const called = /^select\s[^;]*?\b(pgaadauth_\w+)\s*\(/i.exec(text)?.[1];
  if (called !== undefined) return `SELECT ${called}`;
  const [words = ""] = /^[a-z]+(?:\s+[a-z]+){0,2}(?![\w."])/i.exec(text) ?? [];
  const known = words.toUpperCase().split(/\s+/);
  const count = longNames.has(known.slice(0, 3).join(" ")) ? 3 : secondWords.has(known[1] ?? "") ? 2 : 1;
  return known.slice(0, count).join(" ");
}

const longNames = new Set(["ALTER DEFAULT PRIVILEGES"]);
const secondWords = new Set(
  "ROLE TABLE SCHEMA DATABASE OWNED SELECT INSERT UPDATE DELETE USAGE CREATE CONNECT ALL INTO FROM ON LABEL".split(" "),
);
