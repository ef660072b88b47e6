import { z } from "zod";
import { listNamespaces } from "../application/admission/listNamespaces.ts";
import { accessOf, reaches } from "../application/documents/accessDocument.ts";
import { AccessPage } from "../domain/documents/access.ts";
import { isGuest } from "../domain/naming/names.ts";
import type { NamespaceRecord } from "../domain/operation/namespaceRecord.ts";
import type { Ports } from "../ports/index.ts";
import { body } from "./docs/answers.ts";
import { accessPage } from "./docs/examples.ts";
import { declareRoute } from "./http/declaration.ts";
import { at } from "./http/place.ts";
import { json } from "./http/respond.ts";
import type { Routes } from "./http/route.ts";
import { page } from "./parameters/page.ts";
import { queryOf } from "./parameters/query.ts";

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
  summary: "List who reaches what: the targets of namespaces, since when, and by whose request and approval",
  description:
    "The namespaces of the caller's teams, or of all teams for an operator. `top` counts namespaces, each with all its targets; a filtered page can hold none and still have a nextLink. What others gave is as of the last verification.",
  reads: [queryOf(Filters), page()],
  answers: { 200: body("A page of who reaches what.", AccessPage, { accessPage }) },
});

export function registerAccess({ registry }: Pick<Ports, "registry">, routes: Routes): void {
  routes.serve(listAccess, async ({ by }, { target, namespace, ...filter }, { asked, next }) => {
    const isMeant = (record: NamespaceRecord) =>
      (namespace === undefined || record.namespace === namespace) &&
      (target === undefined || reaches(record, target) || isGuest(record.request));
    const isFiltered = (namespace ?? target) !== undefined;
    const { value, continuation } = await listNamespaces({ registry }, by, {
      filter,
      ...(isFiltered ? { isMeant } : {}),
      ...asked,
    });
    const found: AccessPage = { value: [...(await accessOf({ registry }, value, target))], ...next(continuation) };
    return json(200, found);
  });
}
