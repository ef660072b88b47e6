/** Events and requests: Service Bus. */
import type { SentMessage } from "../domain/naming/operationId.ts";
import type { CloudEvent } from "../domain/watching/events.ts";

export interface Events {
  publish(event: CloudEvent): Promise<void>;
}

export interface QueueMessages {
  /** Settles a message that the trigger received, by its lock token. */
  complete(lockToken: string): Promise<void>;
  deadLetter(lockToken: string, why: DeadLetterReason): Promise<void>;
  /** Sets it aside: it stays in the queue, is no longer delivered, and can be retrieved only by its sequence number. */
  defer(lockToken: string): Promise<void>;
  /** Settles a deferred message; false if it is gone. */
  completeDeferred(sequenceNumber: number): Promise<boolean>;
  deadLetterDeferred(sequenceNumber: number, why: DeadLetterReason): Promise<boolean>;
  /** The bodies of earlier messages that are neither settled nor deferred, so will be delivered for the first time or again. */
  undecidedBefore(sequenceNumber: number): Promise<readonly unknown[]>;
  /** The deferred among the next messages of the queue, from that number on; `next` is where the others begin, if there are any. */
  deferredFrom(
    sequenceNumber: number,
  ): Promise<{ readonly messages: readonly DeferredMessage[]; readonly next?: number }>;
}

export interface DeferredMessage extends SentMessage {
  readonly expiresTime: Date;
  readonly body: unknown;
  /** Its application properties. */
  readonly properties: unknown;
}

export interface DeadLetterReason {
  readonly reason: string;
  readonly description: string;
}
