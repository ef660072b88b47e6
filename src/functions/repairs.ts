import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { planRepair } from "../activities/planRepair.ts";
import { logLine } from "../domain/logLine.ts";
import { createOperationId } from "../domain/operationId.ts";
import { traceIdOf } from "../domain/trace.ts";
import type { Ports } from "../ports.ts";
import { acceptUpkeep } from "./acceptUpkeep.ts";
import { authenticate } from "./authentication.ts";
import { answerOnce } from "./idempotency.ts";
import { findNamespace, readBerth } from "./readBerth.ts";
import { readFlag } from "./readBody.ts";
import { accepted, json, route } from "./respond.ts";

export function registerRepairs(ports: Ports): void {
  app.http("repairNamespaceRoute", {
    route: "api/namespaces/{cluster}/{namespace}/repair",
    methods: ["POST"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: route(async (httpRequest, context, traceparent) => {
      const by = await authenticate(httpRequest, ["Onboarding.Request"]);
      const berth = readBerth(httpRequest.params);
      if (readFlag(httpRequest, "dryRun")) {
        const { request, clientId, migration } = await findNamespace(ports, by, berth);
        const operation = createOperationId(new Date());
        return json(
          200,
          await planRepair(ports, { operation, request, clientId, isMigrating: migration !== undefined }),
        );
      }
      const desk = { ports, client: getClient(context), by, traceparent, warn: context.warn.bind(context) };
      return await answerOnce(ports.idempotencyKeys, { request: httpRequest, by, body: null, context }, async () => {
        const { operation, kind, isNew } = await acceptUpkeep(desk, "Repairing", { berth, prepare: () => ({}) });
        context.log(logLine("repair accepted", { operation, isNew, ...berth, traceId: traceIdOf(traceparent) }));
        return accepted(httpRequest, operation, { id: operation, kind, isNew });
      });
    }),
  });
}
