import type { Caller } from "../domain/access/caller.ts";
import type { Catalog } from "../domain/catalog/catalog.ts";
import type { CallerDocument } from "../domain/documents/caller.ts";
import { lookUp } from "../domain/lookUp.ts";
import { mayOperate } from "../domain/policy/policy.ts";
import { rightsOf } from "../domain/targets/index.ts";
import type { Ports } from "../ports.ts";
import { json } from "./http/respond.ts";
import type { Routes } from "./http/route.ts";

export function registerCaller({ catalog }: Pick<Ports, "catalog">, routes: Routes): void {
  routes.add("getCaller", {
    route: "api/caller",
    method: "GET",
    handler: routes.forCallers(async (_request, { by }) => json(200, describeCaller(catalog, by))),
  });
}

export function describeCaller({ teams }: Pick<Catalog, "teams">, by: Caller): CallerDocument {
  const names = mayOperate(by) ? Object.keys(teams) : by.teams;
  return {
    id: by.id,
    name: by.name,
    roles: [...by.roles],
    teams: names.flatMap((name) => {
      const team = lookUp(teams, name);
      if (!team) return [];
      const { clusters, namespaces, quota } = team;
      return [{ name, clusters, namespaces, ...rightsOf(team), quota }];
    }),
  };
}
