import type { HttpRequest } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { expectFree, findSettled } from "../../application/admission/claim.ts";
import type { OffboardingOptions } from "../../application/admission/claimExisting.ts";
import { listNamespaces } from "../../application/admission/listNamespaces.ts";
import { mustSee } from "../../application/admission/seeNamespace.ts";
import { type PlannedRequest, withEstimate } from "../../application/plan/estimatePlan.ts";
import { planOffboarding } from "../../application/plan/planOffboarding.ts";
import type { NamespacePage } from "../../domain/documents/namespace.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import { NamespaceFilter } from "../../domain/operation/namespaceFilter.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type Plan, planOfSame } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { type AcceptanceContext, acceptOffboarding } from "../acceptance/acceptance.ts";
import { acceptanceContextOf } from "../acceptance/acceptanceContext.ts";
import { readBerth } from "../acceptance/readBerth.ts";
import { acceptAfterRecovery, type RequestRecovery } from "../acceptance/recoverOnRequest.ts";
import { expectMatch, isKnown } from "../http/conditions.ts";
import { answerOnce } from "../http/idempotency.ts";
import { mostNamespaces, nextLink, readLimit } from "../http/paging.ts";
import { readFlag } from "../http/readBody.ts";
import { parseFields } from "../http/readRequest.ts";
import { accepted, json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { currentNamespace, publicNamespace, tagOf } from "./namespaceDocument.ts";

export function registerNamespaces(ports: Ports, routes: Routes, requestRecovery: RequestRecovery): void {
  routes.add("listNamespaces", {
    route: "api/namespaces",
    method: "GET",
    query: [...Object.keys(NamespaceFilter.shape), "top", "continuation"],
    handler: routes.forCallers(async (request, { by }) => {
      const filter = readFilter(request);
      const [{ value, continuation }, waiting] = await Promise.all([
        listNamespaces(ports, by, { filter, ...readLimit(request, mostNamespaces) }),
        ports.registry.listWaiting(),
      ]);
      const page: NamespacePage = {
        value: value.map((record) => publicNamespace(record, waiting)),
        ...nextLink(request, continuation),
      };
      return json(200, page);
    }),
  });

  routes.add("getNamespace", {
    route: "api/namespaces/{cluster}/{namespace}",
    method: "GET",
    extraInputs: [input.durableClient()],
    handler: routes.forCallers(async (request, { context, by }) => {
      const berth = readBerth(request.params);
      const find = () => findSettled(ports.registry, berth, mustSee(by, berth));
      let record = await find();
      if (isHeld(record)) {
        const recovery = { client: getClient(context), warn: context.warn.bind(context) };
        if (await requestRecovery.recoverOperation(recovery, berth, record.operation)) record = await find();
      }
      const waiting = await ports.registry.waitingFor(berth);
      const etag = tagOf(record, waiting);
      if (isKnown(request, etag)) return { status: 304, headers: { etag } };
      return json(200, publicNamespace(record, waiting), { etag });
    }),
  });

  routes.add("deleteNamespace", {
    route: "api/namespaces/{cluster}/{namespace}",
    method: "DELETE",
    query: ["dryRun", "ignoreDependants"],
    extraInputs: [input.durableClient()],
    handler: routes.forRoles(["Onboarding.Request"], async (request, { context, traceparent, by }) => {
      const acceptance = acceptanceContextOf(ports, { context, by, traceparent });
      const berth = readBerth(request.params);
      const ignoreDependants = readFlag(request, "ignoreDependants");
      const expect = (record: NamespaceRecord) => expectMatch(request, currentNamespace(record));
      if (readFlag(request, "dryRun")) {
        return json(200, await planDeletion({ ports, by }, berth, { expect, ignoreDependants }));
      }
      return await answerOnce(ports.idempotencyKeys, { request, by, body: null, context }, async (attempt) => {
        const accept = () => acceptOffboarding({ ...acceptance, ...attempt }, berth, { expect, ignoreDependants });
        const { operation, isNew } = await acceptAfterRecovery(requestRecovery, acceptance, { berth, accept });
        context.log(logLine("offboarding accepted", { operation, isNew, ...berth }));
        return accepted(request, operation, { id: operation, kind: "offboard", isNew });
      });
    }),
  });
}

/** Other query parameters, such as those for paging, are read elsewhere. */
function readFilter({ query }: HttpRequest): NamespaceFilter {
  const names = Object.keys(NamespaceFilter.shape);
  const asked = names.flatMap((name) => {
    const value = query.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return parseFields(NamespaceFilter, Object.fromEntries(asked));
}

export async function planDeletion(
  claimContext: Pick<AcceptanceContext, "ports" | "by">,
  berth: Berth,
  options?: OffboardingOptions,
): Promise<Plan> {
  const { plan, ...planned } = await lookAtDeletion(claimContext, berth, options);
  return await withEstimate(claimContext.ports, plan, planned);
}

export async function lookAtDeletion(
  { ports, by }: Pick<AcceptanceContext, "ports" | "by">,
  berth: Berth,
  { expect = () => undefined, ignoreDependants = false }: OffboardingOptions = {},
): Promise<PlannedRequest> {
  const kind = "offboard";
  const current = await findSettled(ports.registry, berth, mustSee(by, berth));
  const { request } = current;
  if (current.state === "Offboarding") return { plan: planOfSame(current), kind, request };
  expect(current);
  expectFree(current);
  const plan = await planOffboarding(ports, current, { ignoreDependants });
  return { plan, kind, request };
}
