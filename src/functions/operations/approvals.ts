import { expectApprover } from "../../application/decisions/decide.ts";
import { listAwaiting } from "../../application/decisions/listAwaiting.ts";
import { awaitingDocument } from "../../application/documents/operationDocument.ts";
import { createPersonOf } from "../../domain/access/person.ts";
import { AwaitingPage } from "../../domain/documents/operation.ts";
import { awaitsCaller } from "../../domain/operation/awaiting.ts";
import { declareRoute } from "../../http/declaration.ts";
import { body, problem } from "../../http/docs/answers.ts";
import { awaitingPage } from "../../http/docs/examples.ts";
import { page } from "../../http/parameters/page.ts";
import { at } from "../../http/place.ts";
import { json } from "../../http/respond.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";

export const listApprovals = declareRoute({
  operationId: "listApprovals",
  method: "GET",
  at: at("/api/approvals"),
  access: ["Onboarding.Approve"],
  tag: "Operations",
  summary: "List what waits for the caller's approval, newest first, with what would change",
  description:
    "What the caller can approve now. Excludes the caller's own requests, and those that need two people and already have the caller's approval. Each page reads the record of every namespace that an operation holds, and as many operations as the page needs. For everything that waits in your teams, use GET /api/operations?phase=awaitingApproval.",
  reads: [page()],
  answers: {
    200: body("A page of waiting operations.", AwaitingPage, { awaitingPage }),
    403: problem("The caller lacks the role Onboarding.Approve.", "FORBIDDEN"),
  },
});

export function registerApprovals({ registry, catalog }: Pick<Ports, "registry" | "catalog">, routes: Routes): void {
  const personOf = createPersonOf(catalog.auth);
  routes.serve(listApprovals, async ({ by }, { asked, next }) => {
    expectApprover(by);
    const now = new Date();
    const { value, continuation } = await listAwaiting(registry, {
      ...asked,
      isWanted: ({ requestedBy }) => requestedBy !== by.id,
      isMeant: (operation) => awaitsCaller(by, operation, now, personOf),
    });
    const found: AwaitingPage = { value: value.map(awaitingDocument), ...next(continuation) };
    return json(200, found);
  });
}
