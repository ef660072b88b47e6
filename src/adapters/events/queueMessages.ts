import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import Long from "long";
import type { DeadLetterReason, DeferredMessage, QueueMessages } from "../../ports/serviceBus.ts";
import { inSpan, SpanKind } from "../../telemetry/spans.ts";
import { type NamespaceSettings, openLazily } from "./client.ts";
import { isMessageNotFound, toFailure } from "./failure.ts";

/**
 * Settles messages that the Functions trigger received. The host owns the trigger's connection, and the Node worker gets a
 * message's lock token but no way to settle it. Service Bus accepts a lock token from any connection on the queue's
 * `$management` node (Learn "AMQP request/response operations", update-disposition; not for sessions).
 *
 * An expired lock is a TransientError MESSAGE_LOCK_LOST: the message is delivered again, and only the caller knows whether that is
 * harmless. A settlement that is retried because its answer was lost fails with the same error.
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
  // This opens no link for messages: the receiver is only the SDK's way to settle.
  const receiver = openLazily(namespace, (client) => client.createReceiver(queue));
  /** Every earlier message has been looked at. */
  let unseen = 1;
  /** Those of them that were neither settled nor deferred at their last look, in order. All others stay decided. */
  let undecided: readonly number[] = [];

  async function run<R>(what: string, act: (via: ServiceBusReceiver) => Promise<R>): Promise<R> {
    let timer: NodeJS.Timeout | undefined;
    // The SDK waits a minute for an answer from $management, accepts no abort signal here, and does not notice if the
    // connection breaks meanwhile.
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        receiver.discard();
        reject(new Error(`no answer within ${timeoutMs} ms`));
      }, timeoutMs);
    });
    const attributes = { "messaging.system": "servicebus", "messaging.destination.name": queue };
    try {
      return await inSpan(`${what} ${queue}`, { kind: SpanKind.CLIENT, attributes }, () =>
        Promise.race([receiver.use().then(act), late]),
      );
    } catch (error) {
      throw toFailure(error, `${what} a message of queue "${queue}"`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Locks a deferred message and settles it; false if it is gone or has outlived its time to live. */
  async function settleDeferred(
    what: string,
    sequenceNumber: number,
    act: (via: ServiceBusReceiver, message: ServiceBusReceivedMessage) => Promise<void>,
  ): Promise<boolean> {
    return await run(what, async (via) => {
      const message = await receiveDeferred(via, sequenceNumber);
      if (message) await act(via, message);
      else await expectGone(via, sequenceNumber);
      return message !== undefined;
    });
  }

  return {
    complete: (lockToken) => run("Completing", (via) => via.completeMessage(toSettleable(lockToken))),
    deadLetter: (lockToken, why) =>
      run("Dead-lettering", (via) => via.deadLetterMessage(toSettleable(lockToken), toOptions(why))),
    defer: (lockToken) => run("Deferring", (via) => via.deferMessage(toSettleable(lockToken))),
    completeDeferred: (sequenceNumber) =>
      settleDeferred("Completing", sequenceNumber, (via, message) => via.completeMessage(message)),
    deadLetterDeferred: (sequenceNumber, why) =>
      settleDeferred("Dead-lettering", sequenceNumber, (via, message) =>
        via.deadLetterMessage(message, toOptions(why)),
      ),
    undecidedBefore: (sequenceNumber) =>
      run("Peeking at", async (via) => {
        const found: ServiceBusReceivedMessage[] = [];
        for (let from = undecided[0] ?? unseen; from < sequenceNumber; ) {
          const most = Math.min(mostPeeked, sequenceNumber - from);
          const page = await via.peekMessages(most, { fromSequenceNumber: Long.fromNumber(from) });
          // A scheduled message gets another number when it becomes active.
          found.push(...page.filter((each) => each.state === "active" && numberOf(each) < sequenceNumber));
          const last = numberOf(page.at(-1));
          from = undecided.find((each) => each > last) ?? Math.max(last + 1, unseen);
        }
        // Without a wait in between: another call may have looked further meanwhile.
        undecided = [...found.map(numberOf), ...undecided.filter((each) => each >= sequenceNumber)];
        unseen = Math.max(unseen, sequenceNumber);
        return found.map(({ body }) => body as unknown);
      }),
    deferredFrom: (sequenceNumber) =>
      run("Peeking at", async (via) => {
        const page = await via.peekMessages(mostPeeked, { fromSequenceNumber: Long.fromNumber(sequenceNumber) });
        const messages = page.filter(({ state }) => state === "deferred").map(toDeferred);
        return page.length === 0 ? { messages } : { messages, next: numberOf(page.at(-1)) + 1 };
      }),
    close: receiver.close,
  };
}

/** Messages per request; the service may return fewer, but returns none only if there are no more. */
const mostPeeked = 100;

/** Infinity, after all others, if there is no message. */
function numberOf(message: ServiceBusReceivedMessage | undefined): number {
  return message?.sequenceNumber?.toNumber() ?? Number.POSITIVE_INFINITY;
}

function toDeferred(message: ServiceBusReceivedMessage): DeferredMessage {
  const { messageId, body, applicationProperties: properties = {} } = message;
  const { enqueuedTimeUtc: sentTime = new Date(0), expiresAtUtc: expiresTime = new Date(8_640_000_000_000_000) } =
    message;
  return {
    sequenceNumber: numberOf(message),
    messageId: String(messageId ?? ""),
    sentTime,
    expiresTime,
    body,
    properties,
  };
}

async function receiveDeferred(
  via: ServiceBusReceiver,
  sequenceNumber: number,
): Promise<ServiceBusReceivedMessage | undefined> {
  try {
    const [message] = await via.receiveDeferredMessages(Long.fromNumber(sequenceNumber));
    return message;
  } catch (error) {
    if (isMessageNotFound(error)) return undefined;
    throw error;
  }
}

/** A message that is locked by somebody or not yet deferred is not returned, but still exists: it must not be taken for gone. */
async function expectGone(via: ServiceBusReceiver, sequenceNumber: number): Promise<void> {
  const [found] = await via.peekMessages(1, { fromSequenceNumber: Long.fromNumber(sequenceNumber) });
  if (!found || numberOf(found) !== sequenceNumber) return;
  if (found.expiresAtUtc !== undefined && found.expiresAtUtc.getTime() <= Date.now()) return;
  throw new Error(`message ${sequenceNumber} is locked by somebody, or not deferred yet`);
}

function toOptions({ reason, description }: DeadLetterReason) {
  return {
    deadLetterReason: reason.slice(0, longestText),
    deadLetterErrorDescription: description.slice(0, longestText),
  };
}

/** Service Bus accepts no longer reason or description. */
const longestText = 4096;

/**
 * The minimum that @azure/service-bus 7.9 settles by its lock token: a message whose `delivery` has no link, like messages that
 * were received deferred (settleMessageOperation in its receiverCommon). `delivery` is not in the public type; a wire test fails
 * if an update of the SDK needs anything else.
 */
function toSettleable(lockToken: string): ServiceBusReceivedMessage & { readonly delivery: object } {
  return { lockToken, delivery: {}, state: "active", body: undefined, _rawAmqpMessage: { body: undefined } };
}
