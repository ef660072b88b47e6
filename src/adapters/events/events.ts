import type { ServiceBusMessage } from "@azure/service-bus";
import type { CloudEvent } from "../../domain/watching/events.ts";
import type { Events } from "../../ports/serviceBus.ts";
import { inSpan, SpanKind } from "../../telemetry/spans.ts";
import { within } from "../within.ts";
import { type NamespaceSettings, openLazily } from "./client.ts";
import { toFailure } from "./failure.ts";

/**
 * Publishes to a Service Bus topic, in the structured mode of the CloudEvents AMQP binding: the body is the whole event.
 * The message has the event's id, so that the topic's duplicate detection drops what a retry sends again.
 */
export function createEvents({
  topic,
  timeoutMs = 30_000,
  ...namespace
}: NamespaceSettings & {
  readonly topic: string;
  /** How long a publish may take, retries included. */
  readonly timeoutMs?: number;
}): Events & { close(): Promise<void> } {
  const sender = openLazily(namespace, (client) => client.createSender(topic));
  return {
    async publish(event) {
      const attributes = {
        "messaging.system": "servicebus",
        "messaging.destination.name": topic,
        "mooring.event_type": event.type,
      };
      await inSpan(`send ${topic}`, { kind: SpanKind.PRODUCER, attributes }, async () => {
        try {
          const opened = await sender.use();
          await within(timeoutMs, (abortSignal) => opened.sendMessages(toMessage(event), { abortSignal }));
        } catch (error) {
          throw toFailure(error, `Publishing event ${event.id} to topic "${topic}"`);
        }
      });
    },
    close: sender.close,
  };
}

function traceProperties({ traceparent }: CloudEvent): Record<string, string> {
  return traceparent === undefined ? {} : { traceparent, "Diagnostic-Id": traceparent };
}

function toMessage(event: CloudEvent): ServiceBusMessage {
  return {
    body: event,
    contentType: "application/cloudevents+json",
    messageId: event.id,
    subject: event.subject,
    ...("operation" in event.data ? { correlationId: event.data.operation } : {}),
    // Subscriptions filter by properties, not by the body. Azure's SDKs read the trace from Diagnostic-Id.
    applicationProperties: { type: event.type, source: event.source, ...traceProperties(event) },
  };
}
