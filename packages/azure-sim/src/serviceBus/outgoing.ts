/** A link on which a client receives from a queue: what it gets, and how it settles that. */
import type { Delivery, EventContext, Sender } from "rhea";
import type { Content } from "../amqp/content.ts";
import { BrokerError, describeCondition } from "../amqp/errors.ts";
import { meet, perform, run } from "../amqp/peer.ts";
import { createPump } from "../amqp/pump.ts";
import {
  fieldOf,
  isTrue,
  lockTokenFromTag,
  plainText,
  settleDelivery,
  tagFromLockToken,
  typedEntries,
} from "../amqp/rhea.ts";
import type { LockedMessage } from "./entries.ts";
import { encodeMessage } from "./messages.ts";
import type { BusPeer, ServiceBusOperation } from "./peer.ts";
import type { Queue } from "./queue.ts";

export function deliverMessages(
  peer: BusPeer,
  sender: Sender,
  { path, queue }: { path: string; queue: Queue<Content> },
) {
  /** Receive-and-delete: messages are settled when they are sent. */
  const deletes = sender.snd_settle_mode === 1;
  const tokens = new Set<string>();
  const pump = createPump(peer, sender, deliverNext);
  let isListening = true;
  let stopListening = queue.onReady(pump.wake);

  async function deliverNext(): Promise<boolean> {
    const message = queue.receive();
    if (!message) return false;
    await deliver(message);
    // Go to the end of the listeners, so that competing consumers take turns.
    stopListening();
    if (isListening) stopListening = queue.onReady(pump.wake);
    return true;
  }

  async function deliver(message: LockedMessage<Content>): Promise<void> {
    const effect = await meet(peer, "receive", path);
    if (effect?.kind === "error" || effect?.kind === "cutBefore" || !pump.canSend()) {
      unlessLost(() => queue.release(message.lockToken));
    } else if (!deletes || unlessLost(() => queue.complete(message.lockToken))) {
      if (!effect) send(message);
    }
    if (!effect) return;
    isListening = false;
    pump.end(effect);
  }

  function send(message: LockedMessage<Content>): void {
    const delivery = sender.send(encodeMessage(message), tagFromLockToken(message.lockToken), 0);
    if (deletes) return;
    tokens.add(message.lockToken);
    peer.deliveries.set(message.lockToken, delivery);
  }

  /** False if the lock expired while the delivery was delayed, so that the message is free again. */
  function unlessLost(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (error instanceof BrokerError) return false;
      throw error;
    }
  }

  function settle(operation: ServiceBusOperation, delivery: Delivery, act: (token: string) => void): void {
    run(peer, async () => {
      const token = lockTokenFromTag(delivery.tag);
      const effect = await meet(peer, operation, path);
      perform(peer, effect, {
        act: () => act(token),
        answer: () => settleDelivery(delivery),
        refuse: ({ condition, description }) => settleDelivery(delivery, describeCondition(condition, description)),
      });
      peer.deliveries.delete(token);
      tokens.delete(token);
    });
  }

  sender.on("accepted", ({ delivery }: Settling) => settle("complete", delivery, queue.complete));
  sender.on("released", ({ delivery }: Settling) => settle("abandon", delivery, queue.release));
  sender.on("modified", ({ delivery }: Settling) => {
    // The third field of modified is message-annotations.
    const properties = typedEntries(fieldOf(delivery.remote_state, 2));
    if (isTrue(delivery.remote_state?.["undeliverable_here"]))
      return settle("defer", delivery, (token) => queue.defer(token, properties));
    return settle("abandon", delivery, (token) => queue.abandon(token, properties));
  });
  sender.on("rejected", ({ delivery }: Settling) => {
    // The only field of rejected is the error, whose third field is info.
    const { DeadLetterReason, DeadLetterErrorDescription, ...properties } = typedEntries(
      fieldOf(fieldOf(delivery.remote_state, 0), 2),
    );
    const why = { reason: plainText(DeadLetterReason), description: plainText(DeadLetterErrorDescription), properties };
    return settle("deadLetter", delivery, (token) => queue.deadLetter(token, why));
  });

  return {
    /** Called when the link or its connection is gone. Locks last until they expire or are settled on another connection. */
    stop(): void {
      isListening = false;
      pump.stop();
      stopListening();
      for (const token of tokens) peer.deliveries.delete(token);
    },
  };
}

type Settling = EventContext & { delivery: Delivery };
