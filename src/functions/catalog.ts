import { app } from "@azure/functions";
import type { Catalog } from "../domain/catalog.ts";
import type { Ports } from "../ports.ts";
import { authenticate } from "./authentication.ts";
import { json, route } from "./respond.ts";

export function registerCatalog({ catalog }: Ports): void {
  app.http("getCatalog", {
    route: "api/catalog",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: route(async (request) => {
      await authenticate(request);
      return json(200, publicCatalog(catalog));
    }),
  });
}

/** What may be asked for, by the names that requests use: no host, no resource id, no key. */
export function publicCatalog({ clusters, sqlServers }: Catalog) {
  return {
    clusters: Object.entries(clusters).map(([name, { identityModes }]) => ({ name, identityModes })),
    sqlServers: Object.entries(sqlServers).map(([name, { databases }]) => ({
      name,
      databases: Object.entries(databases).map(([database, { roles }]) => ({ name: database, roles })),
    })),
  };
}
