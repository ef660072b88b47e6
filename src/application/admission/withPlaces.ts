/**
 * Where a namespace has its targets stands in its record before the first write there. A record of 0.1.0 learns it when an operation
 * begins, or is looked at; what is known changes only when somebody asks for it (claim.ts).
 */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { rememberTargets } from "../../domain/targets/namedTarget.ts";
import { rememberServers } from "../../domain/targets/sqlDatabase.ts";

type Known = Pick<NamespaceRecord, "places" | "servers">;

export function withPlaces(
  catalog: Catalog,
  { request, places, servers }: Known & Pick<NamespaceRecord, "request">,
): Known {
  return {
    servers: { ...rememberServers(catalog, request), ...servers },
    ...(request.targets ? { places: { ...rememberTargets(catalog, request), ...places } } : {}),
  };
}
