/** What requests can ask for, as a caller sees it. */
import type { Team } from "../../domain/access/access.ts";
import type { Caller } from "../../domain/access/caller.ts";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { defined, unlessEmpty } from "../../domain/defined.ts";
import type { CatalogDocument } from "../../domain/documents/catalog.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { namespaceRefOf } from "../../domain/naming/names.ts";
import { mayHave, mayOperate } from "../../domain/policy/policy.ts";
import { publishedProfiles } from "../../domain/profiles/profile.ts";
import { publishedTargets } from "../../domain/targets/index.ts";

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
    crossings: unlessEmpty(catalog.crossings),
    sharedIdentities: unlessEmpty(shared),
  });
}

/** Of namespaces that the teams may have, since an identity is shared within its team. */
function publishedShares({ sharedIdentities }: Catalog, teams: readonly Team[] | undefined) {
  return Object.entries(sharedIdentities).flatMap(([name, { clusters }]) => {
    const of = teams?.filter((team) => mayHave(team, namespaceRefOf(name)));
    const open = clusters.filter((cluster) => !of || of.some((team) => team.clusters.includes(cluster)));
    return open.length > 0 ? [{ name, clusters: open }] : [];
  });
}
