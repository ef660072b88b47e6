import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { QueueMessages } from "../../ports.ts";
import { type NamespaceSettings, openLazily } from "./client.ts";
import { toFailure } from "./failure.ts";

/**
 * Settles messages that the Functions trigger received. The trigger's connection is the host's, and the Node worker is
 * given a message's lock token but no way to settle it. Service Bus takes a lock token from any connection on the
 * queue's `$management` node (Learn "AMQP request/response operations", update-disposition; not for sessions).
 *
 * A lock that has ended is a TransientError MESSAGE_LOCK_LOST: the message is on its way again, and only the caller
 * knows whether that is harmless. A settlement that was retried after its answer got lost ends in the same way.
 */
export function createQueueMessages({
  queue,
  timeoutMs = 20_000,
  ...namespace
}: NamespaceSettings & {
  readonly queue: string;
  /** How long a settlement may take, retries included. */
  readonly timeoutMs?: number;
}): QueueMessages & { close(): Promise<void> } {
  // No link for messages is opened by this: the receiver is only the SDK's way to settle.
  const receiver = openLazily(namespace, (client) => client.createReceiver(queue));

  async function settle(what: string, act: (via: ServiceBusReceiver) => Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    // The SDK waits a minute for an answer of $management, takes no abort signal here, and does not notice when the
    // connection breaks meanwhile.
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        receiver.discard();
        reject(new Error(`no answer within ${timeoutMs} ms`));
      }, timeoutMs);
    });
    try {
      await Promise.race([receiver.use().then(act), late]);
    } catch (error) {
      throw toFailure(error, `${what} a message of queue "${queue}"`);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    complete: (lockToken) => settle("Completing", (via) => via.completeMessage(toSettleable(lockToken))),
    deadLetter: (lockToken, { reason, description }) =>
      settle("Dead-lettering", (via) =>
        via.deadLetterMessage(toSettleable(lockToken), {
          deadLetterReason: reason.slice(0, longestText),
          deadLetterErrorDescription: description.slice(0, longestText),
        }),
      ),
    close: receiver.close,
  };
}

/** Service Bus takes no longer reason or description. */
const longestText = 4096;

/**
 * The least that @azure/service-bus 7.9 settles by its lock token: a message whose `delivery` has no link, as messages
 * have that were received deferred (settleMessageOperation in its receiverCommon). `delivery` is not in the public
 * type; a wire test fails when an update of the SDK wants anything else.
 */
function toSettleable(lockToken: string): ServiceBusReceivedMessage & { readonly delivery: object } {
  return { lockToken, delivery: {}, state: "active", body: undefined, _rawAmqpMessage: { body: undefined } };
}
