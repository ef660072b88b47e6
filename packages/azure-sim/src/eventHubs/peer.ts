/** A client's connection to a namespace with event hubs. */
import { BrokerError } from "../amqp/errors.ts";
import type { Peer } from "../amqp/peer.ts";
import type { Hub } from "./hub.ts";

export interface HubsPeer extends Peer {
  /** The hub at a path, or above it; throws if there is none. */
  find(path: string): Hub;
}

export function noHub(path: string): BrokerError {
  return new BrokerError("amqp:not-found", `The messaging entity '${path}' could not be found.`);
}

export function noPartition(id: string, count: number): BrokerError {
  return new BrokerError(
    "com.microsoft:argument-out-of-range",
    `The specified partition is invalid for an EventHub partition sender or receiver: ${id}. It should be between 0 and ${count - 1}.`,
  );
}
