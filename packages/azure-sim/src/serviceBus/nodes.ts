/** The nodes of a namespace: its entities, and `<entity>/$management` of each. */
import type { Sender } from "rhea";
import { type Claim, expectClaim } from "../amqp/claims.ts";
import type { Nodes } from "../amqp/connection.ts";
import { BrokerError } from "../amqp/errors.ts";
import { run } from "../amqp/peer.ts";
import { takeMessages } from "./incoming.ts";
import { answerManagement, managementSuffix } from "./management.ts";
import { maxMessageBytes } from "./messages.ts";
import { deliverMessages } from "./outgoing.ts";
import type { BusPeer } from "./peer.ts";

export function busNodes(peer: BusPeer): Nodes {
  return {
    maxMessageBytes,
    openForSending(address, receiver) {
      if (isManagement(address)) {
        const entity = find(peer, address, "Listen", "Send");
        receiver.on("message", (context) => run(peer, () => answerManagement(peer, entity, context)));
        return;
      }
      const { path, send } = find(peer, address, "Send");
      if (!send) throw new BrokerError("amqp:not-allowed", `Messages cannot be sent to ${path}.`);
      takeMessages(peer, receiver, { path, send });
    },
    openForReceiving(address, sender) {
      if (isManagement(address)) {
        const { path } = find(peer, address, "Listen", "Send");
        return peer.replyLinks.add(sender, `${path}${managementSuffix}`);
      }
      const { path, queue } = find(peer, address, "Listen");
      if (!queue)
        throw new BrokerError("amqp:not-allowed", `${path} is a topic: receive from one of its subscriptions.`);
      if (asksForSession(sender)) {
        throw new BrokerError(
          "amqp:not-allowed",
          "A sessionful message receiver cannot be created on an entity that does not require sessions.",
        );
      }
      return deliverMessages(peer, sender, { path, queue }).stop;
    },
  };
}

/** No entity here has sessions. The client would take a link without one for a session with an unreadable id. */
function asksForSession({ source }: Sender): boolean {
  return Object.keys(source?.filter ?? {}).includes("com.microsoft:session-filter");
}

function isManagement(address: string): boolean {
  return address.toLowerCase().endsWith(managementSuffix);
}

/** The entity at an address, which may be that of its management node, for whoever has one of the claims there. */
function find(peer: BusPeer, address: string, ...claims: readonly Claim[]) {
  const path = isManagement(address) ? address.slice(0, -managementSuffix.length) : address;
  const entity = peer.broker.find(path);
  // A caller without a token does not learn what is there.
  if (entity || !peer.claims.find(path)) expectClaim(peer, entity?.path ?? path, ...claims);
  if (entity) return entity;
  throw new BrokerError("amqp:not-found", `The messaging entity '${path}' could not be found.`);
}
