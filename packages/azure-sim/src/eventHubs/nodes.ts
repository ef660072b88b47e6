/** The nodes of a namespace: `$management`, hubs and partitions to send to, and partitions to read from. */
import rhea, { type Receiver, type Sender } from "rhea";
import { expectClaim } from "../amqp/claims.ts";
import type { Nodes } from "../amqp/connection.ts";
import { BrokerError, describeCondition } from "../amqp/errors.ts";
import { meet, perform, type Refusal, run } from "../amqp/peer.ts";
import { createPump } from "../amqp/pump.ts";
import { settleDelivery } from "../amqp/rhea.ts";
import { encodeEvent, maxEventBytes, readEvents } from "./events.ts";
import type { Partition } from "./hub.ts";
import { answerManagement, managementNode } from "./management.ts";
import { type HubsPeer, noHub, noPartition } from "./peer.ts";
import { startOf } from "./position.ts";

export function hubNodes(peer: HubsPeer): Nodes {
  return {
    maxMessageBytes: maxEventBytes,
    openForSending(address, receiver) {
      if (isManagement(address)) receiver.on("message", (context) => run(peer, () => answerManagement(peer, context)));
      else takeEvents(peer, receiver, address);
    },
    openForReceiving(address, sender) {
      if (isManagement(address)) return peer.replyLinks.add(sender, managementNode);
      return deliverEvents(peer, sender, { path: address, partition: findToRead(peer, address) });
    },
  };
}

function isManagement(address: string): boolean {
  return address.toLowerCase() === managementNode;
}

/** A link on which a client sends, to a hub or to one of its partitions. */
function takeEvents(peer: HubsPeer, receiver: Receiver, path: string): void {
  const [, name = "", id] = /^([^/]+)(?:\/Partitions\/([^/]+))?$/i.exec(path) ?? [];
  expectClaim(peer, path, "Send");
  const hub = peer.find(name);
  const fixed = id === undefined ? undefined : findPartition(hub.partitions, id);
  // The events of a link stay in order, even if a fault delays one of them.
  let previous: Promise<void> = Promise.resolve();
  receiver.on("message", ({ message, delivery }) => {
    const effect = meet(peer, "send", path);
    const act = () => {
      const events = readEvents(message, delivery.format);
      const partition = fixed ?? hub.choose(events[0]?.key);
      for (const { content, size } of events) partition.append(content, size);
    };
    const answer = () => delivery.accept();
    const refuse = ({ condition, description }: Refusal) => delivery.reject(describeCondition(condition, description));
    previous = previous.then(async () => perform(peer, await effect, { act, answer, refuse })).catch(() => peer.cut());
  });
}

/** The partition of `hub/ConsumerGroups/$Default/Partitions/0`: every hub has that one group. */
function findToRead(peer: HubsPeer, path: string): Partition {
  const [, name, group, id = ""] = /^([^/]+)\/ConsumerGroups\/([^/]+)\/Partitions\/([^/]+)$/i.exec(path) ?? [];
  if (name === undefined)
    throw new BrokerError("amqp:not-allowed", `Events are read from a partition, not from ${path}.`);
  expectClaim(peer, path, "Listen");
  const { partitions } = peer.find(name);
  if (group?.toLowerCase() !== "$default") throw noHub(`${name}/ConsumerGroups/${group}`);
  return findPartition(partitions, id);
}

function findPartition(partitions: readonly Partition[], id: string): Partition {
  const found = partitions.find((each) => each.id === id);
  if (!found) throw noPartition(id, partitions.length);
  return found;
}

/** Returns a function that ends the link's work. Nothing that a reader does changes the partition. */
function deliverEvents(
  peer: HubsPeer,
  sender: Sender,
  { path, partition }: { readonly path: string; readonly partition: Partition },
): () => void {
  let next = startOf(partition, selectorOf(sender));
  const pump = createPump(peer, sender, deliverNext);
  const stopListening = partition.onAppend(pump.wake);

  async function deliverNext(): Promise<boolean> {
    const event = partition.events[next];
    if (!event) return false;
    const effect = await meet(peer, "receive", path);
    if (effect) pump.end(effect);
    else if (pump.canSend()) {
      next += 1;
      sender.send(encodeEvent(event), undefined, 0);
    }
    return true;
  }

  for (const outcome of ["accepted", "released", "modified", "rejected"])
    sender.on(outcome, ({ delivery }) => delivery && settleDelivery(delivery));
  return () => {
    stopListening();
    pump.stop();
  };
}

/** A described string. */
function selectorOf({ source }: Sender): string | undefined {
  const filter: unknown = Reflect.get(source?.filter ?? {}, "apache.org:selector-filter:string");
  const text: unknown = rhea.types.unwrap(filter);
  return typeof text === "string" ? text : undefined;
}
