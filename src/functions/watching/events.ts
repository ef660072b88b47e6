/** Operations as they happen: server-sent events that a browser's EventSource resumes by itself. */
import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { z } from "zod";
import { maySeeOperation, mustSeeOperation } from "../../application/decisions/seeOperation.ts";
import type { Caller } from "../../domain/access/caller.ts";
import { visibleTeams } from "../../domain/policy/policy.ts";
import { CloudEvent } from "../../domain/watching/events.ts";
import { logLine } from "../../domain/watching/logLine.ts";
import type { Ports } from "../../ports.ts";
import type { OnSight } from "../acceptance/mendOnSight.ts";
import { watchClients } from "../http/clientGone.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { answerEvents, defaultPace } from "./eventStream.ts";
import { followAll, followOperation, hasSeenEnd } from "./operationFeed.ts";

/** What waits for approval may be another team's, and whose it is only its record says. */
function mayApprove({ roles }: Caller): boolean {
  return roles.includes("Onboarding.Approve");
}

export function registerEvents(ports: Ports, routes: Routes, onSight: OnSight): void {
  // For every route of the app: without it the host answers only when a handler has ended.
  app.setup({ enableHttpStream: true });
  const clients = watchClients();

  app.http("followOperation", {
    route: "api/operations/{id}/events",
    methods: ["GET"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: routes.forCallers(async (request, { context, by }) => {
      const id = request.params["id"] ?? "";
      const record = mustSeeOperation(by, id, await ports.registry.findOperation(id));
      const lastEventId = request.headers.get("last-event-id");
      if (hasSeenEnd(lastEventId)) return { status: 204 };
      const client = getClient(context);
      const warn = context.warn.bind(context);
      const poll = followOperation(ports, client, id, lastEventId);
      return answerEvents({
        async poll() {
          if (record.kind !== "batch") await onSight.meet({ client, warn }, record, id);
          return await poll();
        },
        isLast: ({ event }) => event === "end",
        gone: clients.goneSignal(context),
        warn: (reason) => context.warn(logLine("look for events failed", { reason })),
        changes: ports.changes,
        // A thousand items are read at each look.
        pace: record.kind === "batch" ? { ...defaultPace, settleMs: 1_000 } : defaultPace,
      });
    }),
  });

  app.http("eventSchema", {
    route: "api/events/schema.json",
    methods: ["GET"],
    authLevel: "anonymous",
    handler: routes.forAnybody(async () => json(200, z.toJSONSchema(CloudEvent))),
  });

  app.http("followAll", {
    route: "api/events",
    methods: ["GET"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: routes.forCallers(async (request, { context, by }) => {
      const lastEventId = request.headers.get("last-event-id");
      return answerEvents({
        poll: followAll(ports, getClient(context), {
          isVisible: (operation) => maySeeOperation(by, operation),
          teams: mayApprove(by) ? undefined : visibleTeams(by),
          lastEventId,
        }),
        isLast: () => false,
        gone: clients.goneSignal(context),
        warn: (reason) => context.warn(logLine("look for events failed", { reason })),
        changes: ports.changes,
        // A look at everything costs more, and nobody waits for one step here.
        pace: { ...defaultPace, settleMs: 500 },
      });
    }),
  });
}
