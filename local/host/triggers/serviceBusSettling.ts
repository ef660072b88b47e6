import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { Log } from "../log.ts";
import { describeError } from "./serviceBusErrors.ts";

export interface Settling {
  readonly receiver: ServiceBusReceiver;
  readonly function: string;
  readonly log: Log;
}

/** Never rejects. */
export async function settle(
  message: ServiceBusReceivedMessage,
  how: "complete" | "abandon",
  { receiver, log, function: name }: Settling,
): Promise<void> {
  try {
    await (how === "complete" ? receiver.completeMessage(message) : receiver.abandonMessage(message));
  } catch (error) {
    // The lock ran out, or the function has settled the message itself; the broker decides what comes next.
    log.debug(`could not ${how} a message`, {
      function: name,
      messageId: String(message.messageId),
      ...describeError(error),
    });
  }
}

/**
 * A function that settles by itself does so elsewhere, and this link never hears of it: each such delivery keeps one of the
 * 2048 slots of its AMQP session. Once its lock has run out, giving it back changes nothing at the broker and frees the slot.
 */
export function freeSlotLater(message: ServiceBusReceivedMessage, settling: Settling): void {
  const graceMs = 1_000;
  const waitMs = Math.max(0, (message.lockedUntilUtc?.getTime() ?? Date.now()) - Date.now()) + graceMs;
  setTimeout(() => void settle(message, "abandon", settling), waitMs).unref();
}
