/** Requests from the queue: the same as POST /onboardings, as plain JSON or in a CloudEvents 1.0 envelope. */

import { setTimeout as sleep } from "node:timers/promises";
import { app, type InvocationContext } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { z } from "zod";
import type { Accepted } from "../../application/acceptance/acceptance.ts";
import { arrivingOf } from "../../application/queue/arriving.ts";
import { type Backlog, queueFunction } from "../../application/queue/backlog.ts";
import { traceOfMessage } from "../../application/queue/messageTrace.ts";
import { confirmsRemoval, readMessage } from "../../application/queue/readMessage.ts";
import type { RequestRecovery } from "../../application/recovery/recoverOnRequest.ts";
import { type Received, receiveRequest } from "../../application/requests/readRequest.ts";
import { defined } from "../../domain/defined.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { queueCaller } from "../../domain/policy/queueCaller.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";
import type { RuntimeClient } from "../../durable/orchestration.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { queueAge } from "../../telemetry/metrics.ts";
import { inSpan, inTrace, linkToHere, SpanKind } from "../../telemetry/spans.ts";

export const queueName = "onboarding-requests";

/** A .NET DateTime, whose text need not say that it is UTC. */
const UtcTime = z
  .string()
  .transform((text) => (/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`))
  .pipe(z.coerce.date());

/** The trigger's metadata for a message. Names are those of the .NET extension, with a lowercase first letter. */
const Delivery = z.object({
  lockToken: z.string(),
  sequenceNumber: z.coerce.number().pipe(z.int()),
  messageId: z
    .string()
    .nullish()
    .transform((id) => id ?? ""),
  enqueuedTimeUtc: UtcTime,
  expiresAtUtc: UtcTime,
});

/** Where a request goes that cannot begin, and what recovers the operation in its way. */
export interface Waiting {
  readonly backlog: Backlog;
  readonly requestRecovery: Pick<RequestRecovery, "recoverHolder">;
  /** Namespaces of which a message waits in its slot for another try: what else comes for them is not tried meanwhile. */
  readonly failing: Set<string>;
}

/** So that most slots serve the others. */
const mostFailing = 2;

export function registerOnboardingRequested(ports: Ports, waiting: Waiting): void {
  app.serviceBusQueue(queueFunction, {
    connection: "ServiceBusConnection",
    queueName,
    // The handler settles each message itself: the trigger can only complete and abandon, not dead-letter with a reason.
    autoCompleteMessages: false,
    extraInputs: [input.durableClient()],
    handler: (message, context) => receiveMessage(ports, waiting, { message, context, client: getClient(context) }),
  });
}

type Context = Pick<InvocationContext, "triggerMetadata" | "traceContext" | "log" | "warn">;

/** What came with a call of the trigger. */
interface Arrival {
  readonly message: unknown;
  readonly context: Context;
  readonly client: RuntimeClient;
}

/** Runs in the trace of the message's sender, even where the host does not follow it. */
export async function receiveMessage(ports: Ports, waiting: Waiting, arrival: Arrival): Promise<void> {
  const { message, context } = arrival;
  const traceparent = traceOfMessage(
    message,
    context.triggerMetadata?.["applicationProperties"],
    context.traceContext?.traceParent,
  );
  const options = {
    kind: SpanKind.CONSUMER,
    attributes: { "messaging.system": "servicebus", "messaging.destination.name": queueName },
    links: linkToHere(),
  };
  await inTrace(traceparent, () =>
    inSpan(`process ${queueName}`, options, () => decide(ports, waiting, { ...arrival, traceparent })),
  );
}

/** Decides about a message and settles it: its request begins, waits for its turn, or is dead-lettered. */
async function decide(
  ports: Ports,
  { backlog, requestRecovery, failing }: Waiting,
  { message, context, client, traceparent }: Arrival & { readonly traceparent: Traceparent },
): Promise<void> {
  const { lockToken, sequenceNumber, messageId, ...times } = Delivery.parse(context.triggerMetadata);
  const age = (outcome: string) =>
    queueAge.record(Math.max(0, Date.now() - times.enqueuedTimeUtc.getTime()) / 1_000, { outcome });
  const worker = { client, warn: context.warn.bind(context) };
  let received: Received | undefined;
  let accepted: Accepted | undefined;
  try {
    const reader = { catalog: ports.catalog, by: queueCaller(ports.catalog) };
    received = receiveRequest(reader, readMessage(message));
    const key = namespaceKey(received.request);
    if (failing.has(key)) return leave(context, key);
    const { enqueuedTimeUtc: sentTime, expiresAtUtc: expiresTime } = times;
    const isRemovalConfirmed = confirmsRemoval(message, context.triggerMetadata?.["applicationProperties"]);
    const sent = { sequenceNumber, messageId, sentTime, expiresTime, traceparent, isRemovalConfirmed };
    const arriving = arrivingOf(received, sent);
    accepted = await backlog.beginOrDefer(worker, arriving);
    if (accepted) {
      const { operation: begun, isNew } = accepted;
      context.log(logLine("onboarding accepted from the queue", { operation: begun, isNew }));
    } else {
      context.log(
        logLine("onboarding from the queue waits", {
          operation: arriving.operation,
          namespace: namespaceKey(arriving.request),
        }),
      );
    }
  } catch (caught) {
    const error = received ? received.asSent(caught) : caught;
    if (!(error instanceof Refusal)) {
      const key = received && namespaceKey(received.request);
      if (key === undefined || failing.has(key) || failing.size >= mostFailing) return leave(context, key, error);
      failing.add(key);
      await pauseBeforeRedelivery(context);
      failing.delete(key);
      throw error;
    }
    context.warn(logLine("message dead-lettered", { code: error.code, messageId }));
    age("deadLettered");
    await backlog.noteRefused(worker, { traceparent }, error);
    await ports.queue.deadLetter(lockToken, { reason: error.code, description: error.message });
    if (received) await backlog.beginSoon(worker, received.request);
    return;
  }
  age(accepted ? "accepted" : "waits");
  await (accepted ? ports.queue.complete(lockToken) : ports.queue.defer(lockToken));
  // The namespace may have become free before this request was known to wait; and requests behind this message can continue
  // if it has begun nothing.
  if (accepted?.isNew) return;
  await requestRecovery.recoverHolder(worker, received.request);
  await backlog.beginSoon(worker, received.request);
}

/**
 * Gives the slot up without a decision. The message is delivered again when its lock ends; until then it counts as undecided, and
 * nothing that was sent after it for its namespace overtakes it.
 */
function leave(context: Context, namespace: string | undefined, error: unknown = "an earlier message failed"): void {
  context.warn(logLine("message comes again later", defined({ namespace, reason: messageOf(error) })));
}

const longestPauseMs = 30_000;

/** An abandoned message comes back immediately; without a pause a short outage would use up all its deliveries. */
async function pauseBeforeRedelivery(context: Context): Promise<void> {
  const deliveries = Number(context.triggerMetadata?.["deliveryCount"] ?? 1);
  await sleep(Math.min(1_000 * 2 ** deliveries, longestPauseMs));
}
