import type { HttpRequest } from "@azure/functions";
import type { AuditCheck, AuditPage } from "../../domain/documents/audit.ts";
import { visibleTeams } from "../../domain/policy/policy.ts";
import type { Ports } from "../../ports.ts";
import { nextLink, readLimit } from "../http/paging.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";

export function registerAudit(ports: Ports, routes: Routes): void {
  routes.add("listAudit", {
    route: "api/audit",
    method: "GET",
    query: ["cluster", "namespace", "operation", "top", "continuation"],
    handler: routes.forCallers(async (request, { by }) => {
      const teams = visibleTeams(by);
      const { value, continuation } = await ports.audit.read({
        ...readFilters(request),
        ...(teams === undefined ? {} : { teams }),
        ...readLimit(request),
      });
      const page: AuditPage = { value: [...value], ...nextLink(request, continuation) };
      return json(200, page);
    }),
  });

  routes.add("verifyAudit", {
    route: "api/audit/verify",
    method: "GET",
    // The chain covers all teams, and its length reveals how busy the others are.
    handler: routes.forRoles(["Onboarding.Operate"], async () => {
      const check: AuditCheck = await ports.audit.verify();
      return json(200, check);
    }),
  });
}

function readFilters({ query }: HttpRequest): { cluster?: string; namespace?: string; operation?: string } {
  const given = ["cluster", "namespace", "operation"].flatMap((name) => {
    const value = query.get(name);
    return value === null ? [] : [[name, value]];
  });
  return Object.fromEntries(given);
}
