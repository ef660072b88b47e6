import { expectApprover } from "../../application/decisions/decide.ts";
import { listAwaiting } from "../../application/decisions/listAwaiting.ts";
import type { AwaitingPage } from "../../domain/documents/operation.ts";
import { awaitsCaller } from "../../domain/operation/awaiting.ts";
import type { Ports } from "../../ports.ts";
import { nextLink, readLimit } from "../http/paging.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { awaitingDocument } from "./operations.ts";

/**
 * What waits for the caller's approval: excludes the caller's own requests, and those that the caller has approved and
 * another person still has to.
 */
export function registerApprovals({ registry }: Pick<Ports, "registry">, routes: Routes): void {
  routes.add("listApprovals", {
    route: "api/approvals",
    method: "GET",
    query: ["top", "continuation"],
    handler: routes.forRoles(["Onboarding.Approve"], async (request, { by }) => {
      expectApprover(by);
      const now = new Date();
      const { value, continuation } = await listAwaiting(registry, {
        ...readLimit(request),
        isWanted: ({ requestedBy }) => requestedBy !== by.id,
        isMeant: (operation) => awaitsCaller(by, operation, now),
      });
      const page: AwaitingPage = { value: value.map(awaitingDocument), ...nextLink(request, continuation) };
      return json(200, page);
    }),
  });
}
