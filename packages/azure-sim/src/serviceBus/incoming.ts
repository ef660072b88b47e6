/** A link on which a client sends. */
import type { Receiver } from "rhea";
import type { Content } from "../amqp/content.ts";
import { describeCondition } from "../amqp/errors.ts";
import { meet, type Peer, perform, type Refusal } from "../amqp/peer.ts";
import { readTransfer } from "./messages.ts";
import type { NewMessage } from "./queue.ts";

export function takeMessages(
  peer: Peer,
  receiver: Receiver,
  entity: { path: string; send: (message: NewMessage<Content>) => unknown },
): void {
  // The messages of a link stay in order, even if a fault delays one of them.
  let previous: Promise<void> = Promise.resolve();
  receiver.on("message", ({ message, delivery }) => {
    const effect = meet(peer, "send", entity.path);
    const act = () => {
      for (const sent of readTransfer(message, delivery.format)) entity.send(sent);
    };
    const answer = () => delivery.accept();
    const refuse = ({ condition, description }: Refusal) => delivery.reject(describeCondition(condition, description));
    previous = previous.then(async () => perform(peer, await effect, { act, answer, refuse })).catch(() => peer.cut());
  });
}
