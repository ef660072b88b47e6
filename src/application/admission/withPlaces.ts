/**
 * Where a namespace has its targets stands in its record before the first write there. A record of 0.1.0 learns it when an operation
 * begins, or is looked at; what is known changes only when somebody asks for it (claim.ts).
 */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { identityIdOf } from "../../domain/catalog/clusters.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { isGuest } from "../../domain/naming/names.ts";
import { joinIds } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { rememberTargets } from "../../domain/targets/namedTarget.ts";
import { rememberServers } from "../../domain/targets/sqlDatabase.ts";

type Known = Pick<NamespaceRecord, "places" | "servers" | "identityPlaces">;

export function withPlaces(
  catalog: Catalog,
  { request, places, servers, identityPlaces }: Known & Pick<NamespaceRecord, "request">,
): Known {
  return {
    servers: { ...rememberServers(catalog, request), ...servers },
    ...(request.targets ? { places: { ...rememberTargets(catalog, request), ...places } } : {}),
    ...(isGuest(request) || !lookUp(catalog.clusters, request.cluster)
      ? {}
      : { identityPlaces: joinIds(identityPlaces, [identityIdOf(catalog, request)]) }),
  };
}
