import { getClient } from "durable-functions";
import { z } from "zod";
import { acceptOffboarding } from "../../application/acceptance/acceptance.ts";
import { findCurrent } from "../../application/admission/claim.ts";
import { listNamespaces as listRecords } from "../../application/admission/listNamespaces.ts";
import { mustSee } from "../../application/admission/seeNamespace.ts";
import { currentNamespace, publicNamespace, tagOf } from "../../application/documents/namespaceDocument.ts";
import { readStanding, readStandings } from "../../application/documents/standings.ts";
import { planDeletion } from "../../application/dryRun/planDeletion.ts";
import { expectKnown } from "../../application/lists/knownNames.ts";
import type { RequestRecovery } from "../../application/recovery/recoverOnRequest.ts";
import { defined } from "../../domain/defined.ts";
import { NamespaceDocument, NamespacePage } from "../../domain/documents/namespace.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import { NamespaceFilter } from "../../domain/operation/namespaceFilter.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { answerChange } from "../../http/changes/answerChange.ts";
import { declareRoute } from "../../http/declaration.ts";
import { acceptedResponse, body, planned, problem } from "../../http/docs/answers.ts";
import { namespace, namespacePage, removalPlan } from "../../http/docs/examples.ts";
import { change } from "../../http/parameters/change.ts";
import { known } from "../../http/parameters/conditions.ts";
import { flag } from "../../http/parameters/flag.ts";
import { page } from "../../http/parameters/page.ts";
import { queryOf } from "../../http/parameters/query.ts";
import { at, atNamespace } from "../../http/place.ts";
import { json } from "../../http/respond.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";

/** As many rows as the table service returns at a time, so that reading a whole long list does not take fifty requests. */
const mostNamespaces = 1_000;

export const listNamespaces = declareRoute({
  operationId: "listNamespaces",
  method: "GET",
  at: at("/api/namespaces"),
  access: "callers",
  tag: "Namespaces",
  summary: "List onboarded namespaces",
  description:
    "The namespaces of the caller's teams, or of all teams for an operator, ordered by cluster and namespace. A filtered page can hold fewer than `top` entries, or none, and still have a nextLink: the search continues there.",
  reads: [queryOf(NamespaceFilter), page(mostNamespaces)],
  answers: {
    200: body("A page of namespaces.", NamespacePage, { namespacePage }),
    422: problem("There is no such cluster or team, or the caller may not see it.", "UNKNOWN_TEAM"),
  },
});

export const getNamespace = declareRoute({
  operationId: "getNamespace",
  method: "GET",
  at: atNamespace(),
  access: "callers",
  hasClient: true,
  tag: "Namespaces",
  summary: "Get an onboarded namespace",
  description: "Reads Mooring's records, with the findings of the last verification. POST …/verify verifies now.",
  reads: [known],
  answers: {
    200: {
      ...body("The namespace.", NamespaceDocument, { namespace }),
      headers: z.object({
        etag: z.string().meta({
          description:
            "Two parts with a dot between them: the namespace's state, then its findings and waiting requests. If-Match compares only the first part. The time of the last verification is in neither.",
        }),
      }),
    },
  },
});

export const deleteNamespace = declareRoute({
  operationId: "deleteNamespace",
  method: "DELETE",
  at: atNamespace(),
  access: ["Onboarding.Request"],
  hasClient: true,
  tag: "Namespaces",
  summary: "Offboard the namespace, or plan it with dryRun=true",
  description:
    "An operation removes what Mooring created and restores what it had replaced. What others have changed since then stays.",
  reads: [
    change,
    flag(
      "ignoreDependants",
      "Continue although others depend on what would be removed: federated credentials, roles, bindings, service accounts; and delete the namespace with what others have in it, which otherwise keeps it. A plan then lists all of that as notices.",
    ),
  ],
  answers: {
    200: planned({ removalPlan }),
    202: acceptedResponse,
    409: problem(
      "Another operation holds the namespace, or the first request with the same idempotency key is still being answered.",
      "OPERATION_IN_PROGRESS",
    ),
  },
});

export function registerNamespaces(ports: Ports, routes: Routes, requestRecovery: RequestRecovery): void {
  routes.serve(listNamespaces, async ({ by }, filter, { asked, next }) => {
    if (asked.continuation === undefined)
      await expectKnown(ports, by, defined({ cluster: filter.cluster, team: filter.team }));
    const [{ value, continuation }, waiting] = await Promise.all([
      listRecords(ports, by, { filter, ...asked }),
      ports.registry.listWaiting(),
    ]);
    const standings = await readStandings(ports.registry, value);
    const found: NamespacePage = {
      value: value.map((record, index) => publicNamespace(record, { standing: standings[index] ?? [], waiting })),
      ...next(continuation),
    };
    return json(200, found);
  });

  routes.serve(getNamespace, async ({ context, by, place: namespaceRef }, isKnown) => {
    const find = () => findCurrent(ports.registry, namespaceRef, mustSee(by, namespaceRef));
    let record = await find();
    if (isHeld(record)) {
      const recovery = { client: getClient(context), warn: context.warn.bind(context) };
      if (await requestRecovery.recoverOperation(recovery, namespaceRef, record.operation)) record = await find();
    }
    const [waiting, standing] = await Promise.all([
      ports.registry.waitingFor(namespaceRef),
      readStanding(ports.registry, record),
    ]);
    const etag = tagOf(record, { standing, waiting });
    if (isKnown(etag)) return { status: 304, headers: { etag } };
    return json(200, publicNamespace(record, { standing, waiting }), { etag });
  });

  routes.serve(deleteNamespace, async (call, asked, ignoreDependants) => {
    const { by, place: namespaceRef } = call;
    const expect = (record: NamespaceRecord) => asked.condition.match(currentNamespace(record));
    return await answerChange(ports, call, asked, {
      sent: null,
      event: "offboarding accepted",
      facts: namespaceRef,
      plan: () => planDeletion({ ports, by }, namespaceRef, { expect, ignoreDependants }),
      recovery: { requestRecovery, namespaceRef },
      accept: (acceptance) => acceptOffboarding(acceptance, namespaceRef, { expect, ignoreDependants }),
    });
  });
}
