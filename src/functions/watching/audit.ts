import { z } from "zod";
import { defined } from "../../domain/defined.ts";
import { AuditCheck, AuditPage } from "../../domain/documents/audit.ts";
import { visibleTeams } from "../../domain/policy/policy.ts";
import { declareRoute } from "../../http/declaration.ts";
import { body } from "../../http/docs/answers.ts";
import { auditCheck, auditPage } from "../../http/docs/examples.ts";
import { page } from "../../http/parameters/page.ts";
import { queryOf } from "../../http/parameters/query.ts";
import { at } from "../../http/place.ts";
import { json } from "../../http/respond.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";

const Filters = z.object({
  cluster: z.string().exactOptional(),
  namespace: z.string().exactOptional(),
  operation: z.string().exactOptional(),
});

export const listAudit = declareRoute({
  operationId: "listAudit",
  method: "GET",
  at: at("/api/audit"),
  access: "callers",
  tag: "Audit",
  summary: "List who did what, and to what, newest first",
  description: "Every effect and every decision is an entry in a hash chain.",
  reads: [queryOf(Filters), page()],
  answers: { 200: body("A page of the audit trail.", AuditPage, { auditPage }) },
});

export const verifyAudit = declareRoute({
  operationId: "verifyAudit",
  method: "GET",
  at: at("/api/audit/verify"),
  // The chain covers all teams, and its length reveals how busy the others are.
  access: ["Onboarding.Operate"],
  tag: "Audit",
  summary: "Read the whole audit trail and check its hash chain",
  description: "For operators. The time it takes grows with the trail.",
  reads: [],
  answers: { 200: body("The result of the check.", AuditCheck, { auditCheck }) },
});

export function registerAudit({ audit }: Pick<Ports, "audit">, routes: Routes): void {
  routes.serve(listAudit, async ({ by }, filters, { asked, next }) => {
    const teams = visibleTeams(by);
    const { value, continuation } = await audit.read({
      ...filters,
      ...defined({ teams }),
      ...asked,
    });
    const found: AuditPage = { value: [...value], ...next(continuation) };
    return json(200, found);
  });

  routes.serve(verifyAudit, async () => {
    const check: AuditCheck = await audit.verify();
    return json(200, check);
  });
}
