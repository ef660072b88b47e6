/** A client's connection to a namespace with queues and topics. */
import type { Delivery } from "rhea";
import type { Content } from "../amqp/content.ts";
import type { Peer } from "../amqp/peer.ts";
import type { Broker } from "./broker.ts";

export interface BusPeer extends Peer {
  readonly broker: Broker<Content>;
  /** Deliveries on all connections that clients have not settled, by lock token. */
  readonly deliveries: Map<string, Delivery>;
}

/** As the journal writes them, besides `putToken`. */
export type ServiceBusOperation =
  | "send"
  | "receive"
  | "complete"
  | "abandon"
  | "defer"
  | "deadLetter"
  | "renewLock"
  | "peek"
  | "schedule"
  | "cancelScheduled"
  | "receiveDeferred";
