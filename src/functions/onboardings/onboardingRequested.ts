/** The queue's way in: the same request as POST /onboardings, as plain JSON or in a CloudEvents 1.0 envelope. */

import { setTimeout as sleep } from "node:timers/promises";
import { app, type InvocationContext } from "@azure/functions";
import { input } from "durable-functions";
import { z } from "zod";
import { Refusal } from "../../domain/policy/refusal.ts";
import { logLine } from "../../domain/watching/logLine.ts";
import { readTraceparent, type Traceparent, traceIdOf, traceOf } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports.ts";
import { acceptOnboarding } from "../acceptance/acceptance.ts";
import { deskOf } from "../acceptance/desk.ts";
import { queueCaller } from "../callers/authentication.ts";
import { noteRefusalOf, type RefusalTrail } from "../callers/refusalTrail.ts";
import { readOnboardingRequest } from "../http/readRequest.ts";
import { readMessage } from "./readMessage.ts";

export const queueName = "onboarding-requests";

export function registerOnboardingRequested(ports: Ports, refusals: RefusalTrail): void {
  app.serviceBusQueue("onboardingRequested", {
    connection: "ServiceBusConnection",
    queueName,
    // The handler settles each message itself: the trigger alone knows complete and abandon, not dead-letter with a reason.
    autoCompleteMessages: false,
    extraInputs: [input.durableClient()],
    handler: async (message, context) => {
      const lockToken = z.string().parse(context.triggerMetadata?.["lockToken"]);
      const traceparent = traceOfMessage(message, context);
      const by = queueCaller(ports.catalog);
      try {
        const request = readOnboardingRequest({ catalog: ports.catalog, by }, readMessage(message));
        const { operation, isNew } = await acceptWhenFree(ports, request, { context, traceparent });
        const facts = { operation, isNew, traceId: traceIdOf(traceparent) };
        context.log(logLine("onboarding accepted from the queue", facts));
      } catch (error) {
        if (!(error instanceof Refusal)) throw await waitBeforeRedelivery(error, context);
        context.warn(
          logLine("message dead-lettered", { code: error.code, messageId: context.triggerMetadata?.["messageId"] }),
        );
        // Who may send was decided by Service Bus, so this caller is known, too; where nobody is told apart, none is.
        const refused = { by, what: context.functionName, traceparent };
        if (ports.catalog.auth) await noteRefusalOf(refusals, error, refused, context);
        await ports.queue.deadLetter(lockToken, { reason: error.code, description: error.message });
        return;
      }
      await ports.queue.complete(lockToken);
    },
  });
}

const busyPolls = 60;
const busyPollMs = 1_000;

/** Another operation for the namespace ends by itself, so the message waits for it under its lock. */
async function acceptWhenFree(
  ports: Ports,
  request: Parameters<typeof acceptOnboarding>[1],
  { context, traceparent }: { context: InvocationContext; traceparent: Traceparent },
): ReturnType<typeof acceptOnboarding> {
  const by = queueCaller(ports.catalog);
  const desk = deskOf(ports, { context, by, traceparent });
  for (let poll = 1; ; poll += 1) {
    try {
      return await acceptOnboarding(desk, request);
    } catch (error) {
      const isBusy = error instanceof Refusal && error.code === "OPERATION_IN_PROGRESS";
      if (!isBusy) throw error;
      if (poll === busyPolls) throw new Error(error.message, { cause: error });
    }
    await sleep(busyPollMs);
  }
}

const TraceProperties = z.object({ traceparent: z.unknown(), "diagnostic-Id": z.unknown() }).partial();

const TracedEnvelope = z.object({ specversion: z.string(), traceparent: z.unknown() });

/**
 * The sender's trace: Azure's SDKs write it as `Diagnostic-Id`, whose first letter the Functions SDK lowers; an envelope may
 * carry it as an attribute (CloudEvents, "Distributed Tracing" extension), and the message is the nearer of the two.
 */
function traceOfMessage(message: unknown, { triggerMetadata, traceContext }: InvocationContext): Traceparent {
  const properties = TraceProperties.safeParse(triggerMetadata?.["applicationProperties"]).data ?? {};
  const ofMessage = readTraceparent(properties.traceparent) ?? readTraceparent(properties["diagnostic-Id"]);
  const caller = ofMessage ?? TracedEnvelope.safeParse(message).data?.traceparent;
  return traceOf({ caller, host: traceContext?.traceParent });
}

const longestPauseMs = 30_000;

/** An abandoned message comes back at once; without a pause a short outage would use up all its deliveries. */
async function waitBeforeRedelivery(error: unknown, context: InvocationContext): Promise<unknown> {
  const deliveries = Number(context.triggerMetadata?.["deliveryCount"] ?? 1);
  await sleep(Math.min(1_000 * 2 ** deliveries, longestPauseMs));
  return error;
}
