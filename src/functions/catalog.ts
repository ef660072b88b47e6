import { app } from "@azure/functions";
import type { Caller } from "../domain/access/caller.ts";
import type { Catalog } from "../domain/catalog/catalog.ts";
import { lookUp } from "../domain/catalog/targets.ts";
import { mayOperate } from "../domain/policy/policy.ts";
import type { RoleBundle } from "../domain/request/request.ts";
import type { Ports } from "../ports.ts";
import { json } from "./http/respond.ts";
import type { Routes } from "./http/route.ts";

export function registerCatalog({ catalog }: Ports, routes: Routes): void {
  app.http("getCatalog", {
    route: "api/catalog",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: routes.forCallers(async (_request, { by }) => json(200, publicCatalog(catalog, by))),
  });
}

/** What the caller may ask for, by the names that requests use: no host, no resource id, no key. */
export function publicCatalog({ clusters, sqlServers, teams }: Catalog, by: Caller) {
  const own = mayOperate(by) ? undefined : by.teams.flatMap((name) => lookUp(teams, name) ?? []);
  const rolesOf = (server: string, database: string, roles: readonly RoleBundle[]) =>
    own ? roles.filter((role) => own.some((team) => team.databases[server]?.[database]?.includes(role))) : roles;
  return {
    clusters: Object.entries(clusters)
      .filter(([name]) => !own || own.some((team) => team.clusters.includes(name)))
      .map(([name, { identityModes }]) => ({ name, identityModes })),
    sqlServers: Object.entries(sqlServers)
      .map(([name, { databases }]) => ({
        name,
        databases: Object.entries(databases)
          .map(([database, { roles }]) => ({ name: database, roles: rolesOf(name, database, roles) }))
          .filter(({ roles }) => roles.length > 0),
      }))
      .filter(({ databases }) => !own || databases.length > 0),
  };
}
