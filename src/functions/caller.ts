import type { Caller } from "../domain/access/caller.ts";
import type { Catalog } from "../domain/catalog/catalog.ts";
import { defined } from "../domain/defined.ts";
import { CallerDocument } from "../domain/documents/caller.ts";
import { lookUp } from "../domain/lookUp.ts";
import { mayOperate } from "../domain/policy/policy.ts";
import { rightsOf } from "../domain/targets/index.ts";
import { declareRoute } from "../http/declaration.ts";
import { body } from "../http/docs/answers.ts";
import { caller } from "../http/docs/examples.ts";
import { at } from "../http/place.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import type { Ports } from "../ports/index.ts";

export const getCaller = declareRoute({
  operationId: "getCaller",
  method: "GET",
  at: at("/api/caller"),
  access: "callers",
  tag: "Catalog",
  summary: "Get who the caller is, and what its teams may ask for",
  description: "For forms that offer only valid choices. Each request is still checked on its own.",
  reads: [],
  answers: { 200: body("The caller.", CallerDocument, { caller }) },
});

export function registerCaller({ catalog }: Pick<Ports, "catalog">, routes: Routes): void {
  routes.serve(getCaller, async ({ by }) => json(200, describeCaller(catalog, by)));
}

function describeCaller({ teams }: Pick<Catalog, "teams">, by: Caller): CallerDocument {
  const names = mayOperate(by) ? Object.keys(teams) : by.teams;
  return {
    id: by.id,
    name: by.name,
    roles: [...by.roles],
    teams: names.flatMap((name) => {
      const team = lookUp(teams, name);
      if (!team) return [];
      const { clusters, namespaces, profiles, quota } = team;
      return [{ name, clusters, namespaces, ...rightsOf(team), ...defined({ profiles }), quota }];
    }),
  };
}
