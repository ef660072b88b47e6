import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { berthKey } from "../../domain/naming/names.ts";
import { logLine } from "../../domain/watching/logLine.ts";
import { traceIdOf } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports.ts";
import { acceptOnboarding } from "../acceptance/acceptance.ts";
import { authenticate } from "../callers/authentication.ts";
import { answerOnce } from "../http/idempotency.ts";
import { readBody, readFlag } from "../http/readBody.ts";
import { readOnboardingRequest } from "../http/readRequest.ts";
import { accepted, json, route } from "../http/respond.ts";
import { planRequest } from "./planRequest.ts";

export function registerOnboardings(ports: Ports): void {
  app.http("createOnboarding", {
    route: "api/onboardings",
    methods: ["POST"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: route(async (httpRequest, context, traceparent) => {
      const by = await authenticate(httpRequest, ["Onboarding.Request"]);
      const isDryRun = readFlag(httpRequest, "dryRun");
      const takeOver = readFlag(httpRequest, "takeOver");
      const body = await readBody(httpRequest);
      const request = readOnboardingRequest(ports.catalog, body);
      const desk = { ports, client: getClient(context), by, traceparent, warn: context.warn.bind(context) };
      if (isDryRun) return json(200, await planRequest(desk, request, { takeOver }));
      return await answerOnce(ports.idempotencyKeys, { request: httpRequest, by, body, context }, async () => {
        const { operation, kind, isNew, isUnchanged } = await acceptOnboarding(desk, request, { takeOver });
        const { cluster, namespace } = request;
        const facts = { operation, kind, isNew, cluster, namespace, traceId: traceIdOf(traceparent) };
        context.log(logLine("onboarding accepted", facts));
        const message = isUnchanged
          ? `${berthKey(request)} is onboarded as the request says, by this operation; nothing changes.`
          : undefined;
        return accepted(httpRequest, operation, { id: operation, kind, isNew, message });
      });
    }),
  });
}
