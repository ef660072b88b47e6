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
    // The lock expired, or the function settled the message itself; the broker decides what comes next.
    log.debug(`could not ${how} a message`, {
      function: name,
      messageId: String(message.messageId),
      ...describeError(error),
    });
  }
}

/**
 * A function that settles messages itself does so over another link, so this one keeps one of the 2048 slots of its AMQP
 * session for each such delivery. Once the lock has expired, abandoning the message changes nothing at the broker and frees
 * the slot.
 */
export function freeSlotLater(message: ServiceBusReceivedMessage, settling: Settling): void {
  const graceMs = 1_000;
  const waitMs = Math.max(0, (message.lockedUntilUtc?.getTime() ?? Date.now()) - Date.now()) + graceMs;
  setTimeout(() => void settle(message, "abandon", settling), waitMs).unref();
}
