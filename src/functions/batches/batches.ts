import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { logLine } from "../../domain/watching/logLine.ts";
import { traceIdOf } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports.ts";
import { authenticate, charge } from "../callers/authentication.ts";
import { answerOnce } from "../http/idempotency.ts";
import { readFlag } from "../http/readBody.ts";
import { accepted, json, route } from "../http/respond.ts";
import { acceptBatch } from "./acceptBatch.ts";
import { planBatch } from "./planBatch.ts";
import { readBatch } from "./readBatch.ts";

/** Work on a batch is paced by its lanes, so it costs what taking it in costs; plans are made while the caller waits. */
const requestsPerToken = 20;

export function registerBatches(ports: Ports): void {
  app.http("createBatch", {
    route: "api/onboardings/batch",
    methods: ["POST"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: route(async (request, context, traceparent) => {
      const by = await authenticate(request, ["Onboarding.Request"]);
      const isDryRun = readFlag(request, "dryRun");
      const { body, requests } = await readBatch(request, ports.catalog);
      charge(by, isDryRun ? requests.length - 1 : Math.ceil(requests.length / requestsPerToken) - 1);
      if (isDryRun) return json(200, await planBatch({ ports, by, warn: context.warn.bind(context) }, requests));
      const desk = { ports, client: getClient(context), by, traceparent, warn: context.warn.bind(context) };
      return await answerOnce(ports.idempotencyKeys, { request, by, body, context }, async (operation) => {
        const id = await acceptBatch(desk, requests, operation);
        const facts = { operation: id, requests: requests.length, traceId: traceIdOf(traceparent) };
        context.log(logLine("batch accepted", facts));
        return accepted(request, id, { id, kind: "batch", isNew: true });
      });
    }),
  });
}
