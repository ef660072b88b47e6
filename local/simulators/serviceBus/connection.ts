/** The nodes to which a client may attach on a connection: $cbs, `<entity>/$management`, and the entities. */
import type { Connection, Receiver, Sender } from "rhea";
import { copyTerminus, keepBytes } from "./amqp.ts";
import { answerPutToken } from "./cbs.ts";
import { entityPath } from "./claims.ts";
import { BrokerError, toCondition } from "./errors.ts";
import { takeMessages } from "./incoming.ts";
import { answerManagement, managementSuffix } from "./management.ts";
import { maxMessageBytes } from "./messages.ts";
import { deliverMessages } from "./outgoing.ts";
import { type Peer, run } from "./peer.ts";

export function serveConnection(connection: Connection, peer: Peer): void {
  const stops = new Map<Sender, () => void>();
  const stopWhere = (isOver: (sender: Sender) => boolean) => {
    for (const [sender, stop] of stops) {
      if (!isOver(sender)) continue;
      stop();
      stops.delete(sender);
    }
  };

  connection.on("session_open", ({ session }) => keepBytes(session));
  // rhea names events from this side: the peer's sender is a receiver here.
  connection.on("receiver_open", ({ receiver }) => attach(receiver, () => openForSending(peer, receiver)));
  connection.on("sender_open", ({ sender }) => attach(sender, () => stops.set(sender, openForReceiving(peer, sender))));
  connection.on("sender_close", ({ sender }) => stopWhere((other) => other === sender));
  connection.on("session_close", ({ session }) => stopWhere((sender) => sender.session === session));
  connection.on("connection_close", () => stopWhere(() => true));
  connection.on("disconnected", () => stopWhere(() => true));
  // A client that violates the protocol loses its connection; others are not affected.
  for (const event of ["error", "protocol_error", "connection_error"]) connection.on(event, () => peer.cut());
  // rhea throws events without a listener. These links and sessions also end with a close event.
  for (const event of ["sender_error", "receiver_error", "session_error", "receiver_close"]) {
    connection.on(event, () => {});
  }
}

function attach(link: Sender | Receiver, open: () => void): void {
  try {
    open();
  } catch (error) {
    // The answering attach must have no source and no target, or the client believes that the link works.
    link.local.attach.source = undefined;
    link.local.attach.target = undefined;
    link.close(toCondition(error));
  }
}

function openForSending(peer: Peer, receiver: Receiver): void {
  const address = nodeAddress(receiver.target);
  // A transaction coordinator is a different kind of target, without an address (AMQP 1.0, 4.5.1).
  if (address === "") throw new BrokerError("amqp:not-implemented", "This simulator does not support transactions.");
  receiver.local.attach.max_message_size = maxMessageBytes;
  // The .NET SDK sends requests settled, all with the same delivery tag; unless the answer repeats the mode, it tracks them by tag.
  // The receiver's mode stays the default: what is sent is settled at once, whatever Python's client asks for.
  receiver.local.attach.snd_settle_mode = receiver.snd_settle_mode;
  if (address.toLowerCase() === "$cbs") {
    receiver.on("message", (context) => run(peer, () => answerPutToken(peer, context)));
  } else if (isManagement(address)) {
    const entity = find(peer, address);
    receiver.on("message", (context) => run(peer, () => answerManagement(peer, entity, context)));
  } else {
    const { path, send } = find(peer, address);
    if (!send) throw new BrokerError("amqp:not-allowed", `Messages cannot be sent to ${path}.`);
    takeMessages(peer, receiver, { path, send });
  }
  receiver.set_source(copyTerminus(receiver.source));
  receiver.set_target(copyTerminus(receiver.target));
}

/** Returns a function that ends the link's work. */
function openForReceiving(peer: Peer, sender: Sender): () => void {
  const address = nodeAddress(sender.source);
  sender.set_source(copyTerminus(sender.source));
  sender.set_target(copyTerminus(sender.target));
  // Go's client detaches unless the answer repeats both modes.
  sender.local.attach.snd_settle_mode = sender.snd_settle_mode;
  sender.local.attach.rcv_settle_mode = sender.rcv_settle_mode;
  if (address.toLowerCase() === "$cbs") return peer.replyLinks.add(sender, address);
  const { path, queue } = find(peer, address);
  if (isManagement(address)) return peer.replyLinks.add(sender, `${path}${managementSuffix}`);
  if (!queue) throw new BrokerError("amqp:not-allowed", `${path} is a topic: receive from one of its subscriptions.`);
  if (asksForSession(sender)) {
    throw new BrokerError(
      "amqp:not-allowed",
      "A sessionful message receiver cannot be created on an entity that does not require sessions.",
    );
  }
  return deliverMessages(peer, sender, { path, queue }).stop;
}

/** No entity here has sessions. The client would take a link without one for a session with an unreadable id. */
function asksForSession({ source }: Sender): boolean {
  return Object.keys(source?.filter ?? {}).includes("com.microsoft:session-filter");
}

/** A path below the namespace: the .NET SDK writes `/<entity>`, Python's `amqps://<namespace>/<entity>`. */
function nodeAddress(terminus: { address?: unknown } | undefined): string {
  return entityPath(String(terminus?.address ?? "").replace(/^\/+/, ""));
}

function isManagement(address: string): boolean {
  return address.toLowerCase().endsWith(managementSuffix);
}

/** The entity at an address, which may be that of its management node. */
function find(peer: Peer, address: string) {
  if (!peer.claims.cover(address)) {
    throw new BrokerError("amqp:unauthorized-access", `This connection has no token for ${address}.`);
  }
  const path = isManagement(address) ? address.slice(0, -managementSuffix.length) : address;
  const entity = peer.broker.find(path);
  if (entity) return entity;
  throw new BrokerError("amqp:not-found", `The messaging entity '${path}' could not be found.`);
}
