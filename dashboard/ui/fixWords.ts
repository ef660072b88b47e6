/** Rewrites fixes for these pages; the service writes them in terms of HTTP. */

/** What src/domain/errors/fix.ts writes, what to show instead, and the page to link to, if there is one. */
const acts: readonly (readonly [act: string, words: string, page?: string])[] = [
  ["GET /api/operations/{id}?status=Failed", "“Failed only” on the batch's page"],
  ["GET /api/operations/{id}", "its page"],
  ["GET /api/operations", "Operations", "operations"],
  ["GET /api/namespaces", "Namespaces", "namespaces"],
  ["GET /api/catalog", "Catalog", "catalog"],
  ["GET /api/events", "Operations", "operations"],
  ["POST /api/operations/{id}/compensate", "Compensate on the operation's page"],
  ["POST /api/namespaces/{cluster}/{namespace}/repair", "Repair on the namespace's page"],
  ["POST /api/namespaces/{cluster}/{namespace}/migrate?to=podIdentity", "Go back on the namespace's page"],
  ["POST /api/namespaces/{cluster}/{namespace}/migrate", "Migrate on the namespace's page"],
  ["DELETE /api/namespaces/{cluster}/{namespace}", "Offboard on the namespace's page"],
  ["ignoreDependants=true", "“Ignore dependants” ticked"],
  ["confirmRemoval=true", "“Remove this access” ticked"],
  ['"team": "<name>"', "the field “For which team”"],
  ["Authorization: Bearer <token> or x-mooring-key: <key>", "a sign-in"],
];

/** The text in pieces; a piece that links to a page names it. */
export function sayFix(text: string): readonly (readonly [text: string, page?: string | undefined])[] {
  for (const [act, words, page] of acts) {
    const at = text.indexOf(act);
    if (at < 0) continue;
    return [...sayFix(text.slice(0, at)), [words, page], ...sayFix(text.slice(at + act.length))];
  }
  return text === "" ? [] : [[text]];
}
