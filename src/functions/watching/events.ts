/** Operations as they happen: server-sent events, which a browser's EventSource resumes by itself. */
import { app, type InvocationContext } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { z } from "zod";
import { maySeeOperation, mustSeeOperation } from "../../application/decisions/seeOperation.ts";
import type { Caller } from "../../domain/access/caller.ts";
import type { AnyOperation } from "../../domain/operation/records.ts";
import { visibleTeams } from "../../domain/policy/policy.ts";
import { CloudEvent } from "../../domain/watching/events.ts";
import type { Ports } from "../../ports.ts";
import { keepLogContext, logLine } from "../../telemetry/logLine.ts";
import type { RequestRecovery } from "../acceptance/recoverOnRequest.ts";
import type { Clients } from "../http/clients.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { answerEvents } from "./eventStream.ts";
import { createFeedOfAll } from "./feedOfAll.ts";
import { createFeedOfOperation } from "./feedOfOperation.ts";
import { hasSeenEnd } from "./operationFeed.ts";
import type { Follower } from "./sharedPolling.ts";

/** Another team may have to approve an operation, and only the operation's record says which. */
function mayApprove({ roles }: Caller): boolean {
  return roles.includes("Onboarding.Approve");
}

export function registerEvents(
  ports: Ports,
  routes: Routes,
  { requestRecovery, clients }: { readonly requestRecovery: RequestRecovery; readonly clients: Clients },
): void {
  // For every route of the app: without it, the host answers only once a handler has ended.
  app.setup({ enableHttpStream: true });
  const followOperation = createFeedOfOperation(ports, requestRecovery);
  const followAll = createFeedOfAll(ports);
  const followerOf = (context: InvocationContext): Follower => ({
    client: getClient(context),
    warn: keepLogContext(context.warn.bind(context)),
  });

  routes.add("followOperation", {
    route: "api/operations/{id}/events",
    method: "GET",
    extraInputs: [input.durableClient()],
    handler: routes.forCallers(async (request, { context, by, openStream }) => {
      const id = request.params["id"] ?? "";
      const record = mustSeeOperation(by, id, await ports.registry.findOperation(id));
      const lastEventId = request.headers.get("last-event-id");
      if (hasSeenEnd(lastEventId)) return { status: 204 };
      const follower = followerOf(context);
      const ended = openStream();
      return answerEvents({
        onFailure: keepLogContext((reason) => context.warn(logLine("look for events failed", { reason }))),
        subscription: followOperation(record, lastEventId, follower),
        isLast: ({ event }) => event === "end",
        ended,
        client: clients.find(context),
      });
    }),
  });

  routes.add("eventSchema", {
    route: "api/events/schema.json",
    method: "GET",
    handler: routes.forAnybody(async () => json(200, z.toJSONSchema(CloudEvent))),
  });

  routes.add("followAll", {
    route: "api/events",
    method: "GET",
    extraInputs: [input.durableClient()],
    handler: routes.forCallers(async (request, { context, by, openStream }) => {
      const reader = {
        isVisible: (operation: AnyOperation) => maySeeOperation(by, operation),
        teams: mayApprove(by) ? undefined : visibleTeams(by),
        lastEventId: request.headers.get("last-event-id"),
      };
      const follower = followerOf(context);
      const ended = openStream();
      return answerEvents({
        onFailure: keepLogContext((reason) => context.warn(logLine("look for events failed", { reason }))),
        subscription: followAll(reader, follower),
        isLast: () => false,
        ended,
        client: clients.find(context),
      });
    }),
  });
}
