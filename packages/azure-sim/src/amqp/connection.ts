/** The nodes to which a client may attach on a connection: $cbs, and those of the service. */
import type { Connection, Receiver, Sender } from "rhea";
import { answerPutToken } from "./cbs.ts";
import { entityPath } from "./claims.ts";
import { BrokerError, toCondition } from "./errors.ts";
import { type Peer, run } from "./peer.ts";
import { copyTerminus, keepBytes } from "./rhea.ts";

export interface Nodes {
  readonly maxMessageBytes: number;
  /** rhea names links from this side: the client's sender is a receiver here. */
  openForSending(address: string, receiver: Receiver): void;
  /** Returns a function that ends the link's work. */
  openForReceiving(address: string, sender: Sender): () => void;
}

/** In a session; Python's client for Event Hubs wants to be told. */
const mostLinks = 255;

export function serveConnection(connection: Connection, peer: Peer, nodes: Nodes): void {
  const stops = new Map<Sender, () => void>();
  const stopWhere = (isOver: (sender: Sender) => boolean) => {
    for (const [sender, stop] of stops) {
      if (!isOver(sender)) continue;
      stop();
      stops.delete(sender);
    }
  };

  connection.on("session_open", ({ session }) => {
    session.local.begin.handle_max = mostLinks;
    keepBytes(session);
  });
  connection.on("receiver_open", ({ receiver }) => attach(receiver, () => openForSending(peer, nodes, receiver)));
  connection.on("sender_open", ({ sender }) =>
    attach(sender, () => stops.set(sender, openForReceiving(peer, nodes, sender))),
  );
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

function openForSending(peer: Peer, nodes: Nodes, receiver: Receiver): void {
  const address = nodeAddress(receiver.target);
  // A transaction coordinator is a different kind of target, without an address (AMQP 1.0, 4.5.1).
  if (address === "") throw new BrokerError("amqp:not-implemented", "This simulator does not support transactions.");
  receiver.local.attach.max_message_size = nodes.maxMessageBytes;
  // The .NET SDK sends requests settled, all with the same delivery tag; unless the answer repeats the mode, it tracks them by tag.
  // The receiver's mode stays the default: what is sent is settled at once, whatever Python's client asks for.
  receiver.local.attach.snd_settle_mode = receiver.snd_settle_mode;
  if (isCbs(address)) receiver.on("message", (context) => run(peer, () => answerPutToken(peer, context)));
  else nodes.openForSending(address, receiver);
  receiver.set_source(copyTerminus(receiver.source));
  receiver.set_target(copyTerminus(receiver.target));
}

/** Returns a function that ends the link's work. */
function openForReceiving(peer: Peer, nodes: Nodes, sender: Sender): () => void {
  const address = nodeAddress(sender.source);
  sender.set_source(copyTerminus(sender.source));
  sender.set_target(copyTerminus(sender.target));
  // Go's client detaches unless the answer repeats both modes.
  sender.local.attach.snd_settle_mode = sender.snd_settle_mode;
  sender.local.attach.rcv_settle_mode = sender.rcv_settle_mode;
  return isCbs(address) ? peer.replyLinks.add(sender, address) : nodes.openForReceiving(address, sender);
}

function isCbs(address: string): boolean {
  return address.toLowerCase() === "$cbs";
}

/** A path below the namespace: the .NET SDK writes `/<entity>`, Python's `amqps://<namespace>/<entity>`. */
function nodeAddress(terminus: { address?: unknown } | undefined): string {
  return entityPath(String(terminus?.address ?? "").replace(/^\/+/, ""));
}
