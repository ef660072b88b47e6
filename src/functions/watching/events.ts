/** Operations as they happen: server-sent events, which a browser's EventSource resumes by itself. */
import { app, type InvocationContext } from "@azure/functions";
import { getClient } from "durable-functions";
import { z } from "zod";
import { maySeeOperation, mustSeeOperation } from "../../application/decisions/seeOperation.ts";
import { createFeedOfAll } from "../../application/feeds/feedOfAll.ts";
import { createFeedOfOperation } from "../../application/feeds/feedOfOperation.ts";
import { hasSeenEnd } from "../../application/feeds/operationFeed.ts";
import type { Follower } from "../../application/feeds/sharedPolling.ts";
import type { RequestRecovery } from "../../application/recovery/recoverOnRequest.ts";
import type { AnyOperation } from "../../domain/operation/records.ts";
import { visibleTeams } from "../../domain/policy/policy.ts";
import { CloudEvent } from "../../domain/watching/events.ts";
import type { Clients } from "../../http/clients.ts";
import { declareRoute, type Parameter } from "../../http/declaration.ts";
import { body, problem, text } from "../../http/docs/answers.ts";
import { events } from "../../http/docs/examples.ts";
import { answerEvents } from "../../http/eventStream.ts";
import { at, atOperation } from "../../http/place.ts";
import { json } from "../../http/respond.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";
import { keepLogContext, logLine } from "../../telemetry/logLine.ts";

const lastEventId: Parameter<string | null> = {
  header: {
    "last-event-id": z
      .string()
      .optional()
      .meta({ description: "The last event received; the stream continues from there." }),
  },
  read: ({ headers }) => headers.get("last-event-id"),
};

const stream = {
  description: `Server-sent events. \`operation\`: an operation's status, with its phase. \`step\`: one of its steps.
\`item\`: one item of the followed batch. \`end\`: the operation has ended and the stream is complete. A comment every
15 seconds keeps the connection alive. After two minutes, or with its caller's token, the stream ends, and the client reconnects
with Last-Event-ID. A client that does not read is disconnected; when it reconnects, it gets the current state.`,
  content: text("text/event-stream", events),
};

const tooMany = problem(
  "The caller sends too many requests, or has too many streams open; Retry-After says how long to wait.",
  "TOO_MANY_STREAMS",
);

export const followOperation = declareRoute({
  operationId: "followOperation",
  method: "GET",
  at: atOperation("/events"),
  access: "callers",
  hasClient: true,
  tag: "Events",
  summary: "Follow one operation as it happens",
  description: "The first events describe the current state; EventSource and Last-Event-ID resume.",
  reads: [lastEventId],
  answers: {
    200: stream,
    204: { description: "Last-Event-ID names the end; there are no more events." },
    429: tooMany,
  },
});

export const followAll = declareRoute({
  operationId: "followAll",
  method: "GET",
  at: at("/api/events"),
  access: "callers",
  hasClient: true,
  tag: "Events",
  summary: "Follow every operation as it happens",
  description: "The operations of the caller's teams; of all teams, for operators and approvers.",
  reads: [lastEventId],
  answers: { 200: stream, 429: tooMany },
});

export const eventSchema = declareRoute({
  operationId: "eventSchema",
  method: "GET",
  at: at("/api/events/schema.json"),
  access: "anybody",
  tag: "Events",
  summary: "Get the JSON Schema of the CloudEvents on the topic onboarding-events",
  description: "Mooring publishes these events on Service Bus when an operation or a finding changes.",
  reads: [],
  answers: {
    200: body("A JSON Schema.", z.looseObject({ $schema: z.string() }), {
      schema: { $schema: "https://json-schema.org/draft/2020-12/schema" },
    }),
  },
});

export function registerEvents(
  ports: Ports,
  routes: Routes,
  { requestRecovery, clients }: { readonly requestRecovery: RequestRecovery; readonly clients: Clients },
): void {
  // For every route of the app: without it, the host answers only once a handler has ended.
  app.setup({ enableHttpStream: true });
  const feedOfOperation = createFeedOfOperation(ports, requestRecovery);
  const feedOfAll = createFeedOfAll(ports);
  const followerOf = (context: InvocationContext): Follower => ({
    client: getClient(context),
    warn: keepLogContext(context.warn.bind(context)),
  });

  routes.serve(followOperation, async ({ context, by, place: id, openStream, validUntil }, lastSeen) => {
    const record = mustSeeOperation(by, id, await ports.registry.findOperation(id));
    if (hasSeenEnd(lastSeen)) return { status: 204 };
    const follower = followerOf(context);
    const ended = openStream();
    return answerEvents({
      onFailure: keepLogContext((reason) => context.warn(logLine("look for events failed", { reason }))),
      subscription: feedOfOperation(record, lastSeen, follower),
      isLast: ({ event }) => event === "end",
      ended,
      client: clients.find(context),
      validUntil,
    });
  });

  routes.serveAnybody(eventSchema, async () => json(200, z.toJSONSchema(CloudEvent)));

  routes.serve(followAll, async ({ context, by, openStream, validUntil }, lastSeen) => {
    const reader = {
      isVisible: (operation: AnyOperation) => maySeeOperation(by, operation),
      // Another team may have to approve an operation, and only the operation's record says which.
      teams: by.roles.includes("Onboarding.Approve") ? undefined : visibleTeams(by),
      lastEventId: lastSeen,
    };
    const follower = followerOf(context);
    const ended = openStream();
    return answerEvents({
      onFailure: keepLogContext((reason) => context.warn(logLine("look for events failed", { reason }))),
      subscription: feedOfAll(reader, follower),
      isLast: () => false,
      ended,
      client: clients.find(context),
      validUntil,
    });
  });
}
