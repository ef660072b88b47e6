import { publicCatalog } from "../application/documents/catalogDocument.ts";
import { CatalogDocument } from "../domain/documents/catalog.ts";
import { declareRoute } from "../http/declaration.ts";
import { body } from "../http/docs/answers.ts";
import { catalog as catalogExample } from "../http/docs/examples.ts";
import { at } from "../http/place.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import type { Ports } from "../ports/index.ts";

export const getCatalog = declareRoute({
  operationId: "getCatalog",
  method: "GET",
  at: at("/api/catalog"),
  access: "callers",
  tag: "Catalog",
  summary:
    "Get what requests can ask for: clusters, databases, role bundles, other targets, profiles, shared identities",
  description: "Only what the caller may ask for.",
  reads: [],
  answers: { 200: body("The aliases that requests use.", CatalogDocument, { catalog: catalogExample }) },
});

export function registerCatalog({ catalog }: Pick<Ports, "catalog">, routes: Routes): void {
  routes.serve(getCatalog, async ({ by }) => json(200, publicCatalog(catalog, by)));
}
