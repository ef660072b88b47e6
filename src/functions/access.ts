/** Who reaches what: by Mooring's records, and besides. */
import { z } from "zod";
import { listNamespaces } from "../application/admission/listNamespaces.ts";
import { accessOf, reaches } from "../application/documents/accessDocument.ts";
import { publicCatalog } from "../application/documents/catalogDocument.ts";
import { seeOthers } from "../application/documents/otherAccessDocument.ts";
import { findReadable, readOthers } from "../application/inspection/otherAccess.ts";
import { expectKnown } from "../application/lists/knownNames.ts";
import type { Caller } from "../domain/access/caller.ts";
import type { Catalog } from "../domain/catalog/catalog.ts";
import { defined } from "../domain/defined.ts";
import { AccessPage } from "../domain/documents/access.ts";
import { errorDocument } from "../domain/documents/errorDocument.ts";
import { OtherAccessPage } from "../domain/documents/otherAccess.ts";
import { printCursor, readCursor } from "../domain/http/cursor.ts";
import { isGuest } from "../domain/naming/names.ts";
import type { NamespaceRecord } from "../domain/operation/namespaceRecord.ts";
import { Refusal } from "../domain/policy/refusal.ts";
import { declareRoute } from "../http/declaration.ts";
import { body, problem } from "../http/docs/answers.ts";
import { accessPage, otherAccess } from "../http/docs/examples.ts";
import { page } from "../http/parameters/page.ts";
import { queryOf } from "../http/parameters/query.ts";
import { at } from "../http/place.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import type { Ports } from "../ports/index.ts";

const Filters = z.object({
  target: z.string().min(1).exactOptional().meta({
    description:
      "Only this target, or all below it: `sql-dev/messages`, or `sql-dev` for every database of that server.",
  }),
  cluster: z.string().exactOptional().meta({ description: "Only namespaces of this cluster." }),
  namespace: z.string().exactOptional().meta({ description: "Only namespaces with this name." }),
  team: z.string().exactOptional().meta({ description: "Only namespaces of this team." }),
});

export const listAccess = declareRoute({
  operationId: "listAccess",
  method: "GET",
  at: at("/api/access"),
  access: "callers",
  tag: "Namespaces",
  summary:
    "List who reaches what: the targets of namespaces, since when, and by whose request and approval; apart from it, what is asked for or being removed",
  description:
    "The namespaces of the caller's teams, or of all teams for an operator. `top` counts namespaces, each with all its targets; a filtered page can hold none and still have a nextLink. A target stands in one row for each `state`: what is in force, and apart from it what is asked for and what is being removed. What others gave is as of the last verification. With one of `target`, `cluster` and `team`, `ifRemoved` says what becomes of each access if the catalog drops that name.",
  reads: [queryOf(Filters), page()],
  answers: {
    200: body("A page of who reaches what.", AccessPage, { accessPage }),
    422: problem("There is no such target, cluster or team, or the caller may not see it.", "UNKNOWN_TARGET"),
  },
});

const OneTarget = z.object({
  target: z.string().min(1).meta({ description: "The target, as requests and steps name it: `sql-dev/messages`." }),
});

export const listOtherAccess = declareRoute({
  operationId: "listOtherAccess",
  method: "GET",
  at: at("/api/access/others"),
  access: "callers",
  tag: "Namespaces",
  summary: "Read who else reaches a target now: what no namespace asked Mooring for",
  description:
    "The target is read when this is called: users of a database, roles on PostgreSQL, role assignments at a scope and above it, assignments in a Cosmos DB account. Keys and shared access signatures are nobody's, and do not show. If the target cannot be read, `error` says why. A caller that is no operator can ask for the targets that its teams may have; it sees their own identities, and of all others how many there are.",
  reads: [queryOf(OneTarget), page()],
  answers: {
    200: body("Who else reaches it.", OtherAccessPage, { otherAccess }),
    422: problem("The catalog has no such target, or the caller's teams may not have it.", "UNKNOWN_TARGET"),
  },
});

export function registerAccess(ports: Ports, routes: Routes): void {
  const { catalog, registry } = ports;
  routes.serve(listOtherAccess, async ({ by }, { target }, { asked: { limit, continuation }, next }) => {
    const found = mayAsk(catalog, by, target) ? findReadable(catalog, target) : undefined;
    if (!found) throw notListed(target);
    const readTime = new Date().toISOString();
    const { others, error } = await readOthers(ports, target, found);
    const { value, unnamed } = seeOthers(by, others);
    const from = Number(readCursor(continuation ?? "")?.row ?? 0);
    const rest = from + limit;
    const document: OtherAccessPage = {
      ...{ target, kind: found.kind, readTime, value: value.slice(from, rest), unnamed },
      ...defined({ error: error && errorDocument("answered", error) }),
      ...next(rest < value.length ? printCursor({ partition: "others", row: String(rest) }) : undefined),
    };
    return json(200, document);
  });

  routes.serve(listAccess, async ({ by }, { target, namespace, ...filter }, { asked, next }) => {
    const isMeant = (record: NamespaceRecord) =>
      (namespace === undefined || record.namespace === namespace) &&
      (target === undefined || reaches(catalog, record, target) || isGuest(record.request));
    const named = defined({ target, cluster: filter.cluster, team: filter.team });
    if (asked.continuation === undefined) await expectKnown(ports, by, named);
    const isFiltered = (namespace ?? target) !== undefined;
    const { value, continuation } = await listNamespaces({ registry }, by, {
      filter,
      ...(isFiltered ? { isMeant } : {}),
      ...asked,
    });
    const found: AccessPage = {
      value: [...(await accessOf({ registry, catalog }, value, named))],
      ...next(continuation),
    };
    return json(200, found);
  });
}

/** What GET /api/catalog shows the caller. */
function mayAsk(catalog: Catalog, by: Caller, target: string): boolean {
  const { sqlServers, targets } = publicCatalog(catalog, by);
  return (
    targets.some(({ name }) => name === target) ||
    sqlServers.some(({ name, databases }) => databases.some((each) => `${name}/${each.name}` === target))
  );
}

function notListed(target: string): Refusal {
  const message = `The catalog has no target "${target}" that you may ask for; a database is one as server/database.`;
  return new Refusal("UNKNOWN_TARGET", message, {
    errors: [{ pointer: "?target", detail: "is no target that you may ask for" }],
  });
}
