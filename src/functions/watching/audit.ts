import { app, type HttpRequest } from "@azure/functions";
import type { AuditCheck, AuditPage } from "../../domain/documents/audit.ts";
import { visibleTeams } from "../../domain/policy/policy.ts";
import type { Ports } from "../../ports.ts";
import { authenticate } from "../callers/authentication.ts";
import { nextLink, readLimit } from "../http/paging.ts";
import { json, route } from "../http/respond.ts";

export function registerAudit(ports: Ports): void {
  app.http("listAudit", {
    route: "api/audit",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: route(async (request) => {
      const teams = visibleTeams(await authenticate(request));
      const { value, continuation } = await ports.audit.read({
        ...readFilters(request),
        ...(teams === undefined ? {} : { teams }),
        ...readLimit(request),
      });
      const page: AuditPage = { value: [...value], ...nextLink(request, continuation) };
      return json(200, page);
    }),
  });

  app.http("verifyAudit", {
    route: "api/audit/verify",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: route(async (request) => {
      // The chain is of all teams, and how long it is says how busy the others are.
      await authenticate(request, ["Onboarding.Operate"]);
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
