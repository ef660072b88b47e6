import type { Team } from "../domain/access/access.ts";
import type { Caller } from "../domain/access/caller.ts";
import type { Catalog } from "../domain/catalog/catalog.ts";
import { defined, unlessEmpty } from "../domain/defined.ts";
import { CatalogDocument } from "../domain/documents/catalog.ts";
import { lookUp } from "../domain/lookUp.ts";
import { berthOf } from "../domain/naming/names.ts";
import { mayHave, mayOperate } from "../domain/policy/policy.ts";
import { publishedProfiles } from "../domain/profiles/profile.ts";
import { publishedTargets } from "../domain/targets/index.ts";
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

/** What the caller may request, by the names that requests use: no host, no resource ID, no key. */
export function publicCatalog(catalog: Catalog, by: Caller): CatalogDocument {
  const { clusters, teams } = catalog;
  const own = mayOperate(by) ? undefined : by.teams.flatMap((name) => lookUp(teams, name) ?? []);
  const shared = publishedShares(catalog, own);
  return defined({
    clusters: Object.entries(clusters)
      .filter(([name]) => !own || own.some((team) => team.clusters.includes(name)))
      .map(([name, { environment, identityModes }]) => ({ name, ...defined({ environment }), identityModes })),
    ...publishedTargets(catalog, own),
    profiles: publishedProfiles(catalog, own),
    sharedIdentities: unlessEmpty(shared),
  });
}

/** Of namespaces that the teams may have, since an identity is shared within its team. */
function publishedShares({ sharedIdentities }: Catalog, teams: readonly Team[] | undefined) {
  return Object.entries(sharedIdentities).flatMap(([name, { clusters }]) => {
    const of = teams?.filter((team) => mayHave(team, berthOf(name)));
    const open = clusters.filter((cluster) => !of || of.some((team) => team.clusters.includes(cluster)));
    return open.length > 0 ? [{ name, clusters: open }] : [];
  });
}
