import type { Caller } from "../domain/access/caller.ts";
import type { Catalog } from "../domain/catalog/catalog.ts";
import type { CatalogDocument } from "../domain/documents/catalog.ts";
import { lookUp } from "../domain/lookUp.ts";
import { mayOperate } from "../domain/policy/policy.ts";
import { publishedTargets } from "../domain/targets/index.ts";
import type { Ports } from "../ports.ts";
import { json } from "./http/respond.ts";
import type { Routes } from "./http/route.ts";

export function registerCatalog({ catalog }: Ports, routes: Routes): void {
  routes.add("getCatalog", {
    route: "api/catalog",
    method: "GET",
    handler: routes.forCallers(async (_request, { by }) => json(200, publicCatalog(catalog, by))),
  });
}

/** What the caller may request, by the names that requests use: no host, no resource ID, no key. */
export function publicCatalog(catalog: Catalog, by: Caller): CatalogDocument {
  const { clusters, teams } = catalog;
  const own = mayOperate(by) ? undefined : by.teams.flatMap((name) => lookUp(teams, name) ?? []);
  return {
    clusters: Object.entries(clusters)
      .filter(([name]) => !own || own.some((team) => team.clusters.includes(name)))
      .map(([name, { identityModes }]) => ({ name, identityModes })),
    ...publishedTargets(catalog, own),
  };
}
