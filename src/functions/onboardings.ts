import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { planOnboarding } from "../activities/planOnboarding.ts";
import { logLine } from "../domain/logLine.ts";
import { createOperationId } from "../domain/operationId.ts";
import { traceIdOf } from "../domain/trace.ts";
import type { Ports } from "../ports.ts";
import { acceptOnboarding } from "./acceptance.ts";
import { authenticate } from "./authentication.ts";
import { readBody, readFlag } from "./readBody.ts";
import { readOnboardingRequest } from "./readRequest.ts";
import { accepted, json, route } from "./respond.ts";

export function registerOnboardings(ports: Ports): void {
  app.http("createOnboarding", {
    route: "api/onboardings",
    methods: ["POST"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: route(async (httpRequest, context, traceparent) => {
      const by = await authenticate(httpRequest);
      const isDryRun = readFlag(httpRequest, "dryRun");
      const request = readOnboardingRequest(ports.catalog, await readBody(httpRequest));
      if (isDryRun) {
        return json(200, await planOnboarding(ports, { operation: createOperationId(new Date()), request }));
      }
      const desk = { ports, client: getClient(context), by, traceparent, warn: context.warn.bind(context) };
      const { operation, isNew } = await acceptOnboarding(desk, request);
      const { cluster, namespace } = request;
      const facts = { operation, isNew, cluster, namespace, traceId: traceIdOf(traceparent) };
      context.log(logLine("onboarding accepted", facts));
      return accepted(httpRequest, operation, { id: operation, kind: "onboard", isNew });
    }),
  });
}
