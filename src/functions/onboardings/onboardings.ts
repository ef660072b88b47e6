import { input } from "durable-functions";
import { berthKey } from "../../domain/naming/names.ts";
import { objectSchema } from "../../domain/request/sentRequest.ts";
import type { Ports } from "../../ports.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { acceptOnboarding } from "../acceptance/acceptance.ts";
import { acceptanceContextOf } from "../acceptance/acceptanceContext.ts";
import { acceptAfterRecovery, type RequestRecovery } from "../acceptance/recoverOnRequest.ts";
import { namesVersion } from "../http/conditions.ts";
import { answerOnce } from "../http/idempotency.ts";
import { readBody, readFlag } from "../http/readBody.ts";
import { receiveRequest } from "../http/readRequest.ts";
import { accepted, json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { expectNamespace } from "./expectNamespace.ts";
import { planRequest } from "./planRequest.ts";

export function registerOnboardings(ports: Ports, routes: Routes, requestRecovery: RequestRecovery): void {
  routes.add("onboardingSchema", {
    route: "api/onboardings/schema.json",
    method: "GET",
    handler: routes.forAnybody(async () => json(200, objectSchema())),
  });

  routes.add("createOnboarding", {
    route: "api/onboardings",
    method: "POST",
    query: ["dryRun", "takeOver", "confirmRemoval"],
    extraInputs: [input.durableClient()],
    handler: routes.forRoles(["Onboarding.Request"], async (httpRequest, { context, traceparent, by }) => {
      const isDryRun = readFlag(httpRequest, "dryRun");
      const takeOver = readFlag(httpRequest, "takeOver");
      // Whoever names the version that they have seen knows what it has.
      const isRemovalConfirmed = readFlag(httpRequest, "confirmRemoval") || namesVersion(httpRequest);
      const body = await readBody(httpRequest);
      const acceptance = acceptanceContextOf(ports, { context, by, traceparent });
      const { request, retell } = receiveRequest({ catalog: ports.catalog, by }, body);
      const options = { takeOver, isRemovalConfirmed, expect: expectNamespace(httpRequest, request) };
      try {
        if (isDryRun) return json(200, await planRequest(acceptance, request, options));
        return await answerOnce(ports.idempotencyKeys, { request: httpRequest, by, body, context }, async (attempt) => {
          const accept = () => acceptOnboarding({ ...acceptance, ...attempt }, request, options);
          const { operation, kind, isNew, isUnchanged } = await acceptAfterRecovery(requestRecovery, acceptance, {
            berth: request,
            accept,
          });
          const { cluster, namespace } = request;
          const facts = { operation, kind, isNew, cluster, namespace };
          context.log(logLine("onboarding accepted", facts));
          const message = isUnchanged
            ? `${berthKey(request)} is already onboarded as requested, by this operation; nothing changes.`
            : undefined;
          return accepted(httpRequest, operation, { id: operation, kind, isNew, message });
        });
      } catch (error) {
        throw retell(error);
      }
    }),
  });
}
