/** One client's connection as its links see it, and how a scripted failure looks on this wire. */
import type { Delivery, Message, Sender } from "rhea";
import type { Effect, Faults } from "../faults.ts";
import type { Broker } from "./broker.ts";
import type { Claims, TokenCheck } from "./claims.ts";
import { toCondition } from "./errors.ts";
import type { Content } from "./messages.ts";

export interface Peer {
  readonly broker: Broker<Content>;
  readonly faults: Faults;
  readonly checkToken: TokenCheck;
  /** What this connection's tokens allow. */
  readonly claims: Claims;
  /** Links that carry answers of $cbs and $management, by the address that requests name in reply-to. */
  readonly replyLinks: Map<string, Sender>;
  /** Deliveries that clients have not settled, by lock token; of every connection. */
  readonly deliveries: Map<string, Delivery>;
  /** False from the moment of a cut, before any event tells. */
  isConnected(): boolean;
  /** Ends the connection without a word. */
  cut(): void;
  /** Writes bytes that are no AMQP frame. */
  sendGarbage(): void;
}

export type ServiceBusOperation =
  | "putToken"
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

export interface Refusal {
  readonly condition: string;
  readonly description: string;
  /** For $cbs and $management, which answer with a status code. */
  readonly status?: number | undefined;
}

export type MetEffect = Exclude<Effect, { kind: "delay" }> | undefined;

export function meet(peer: Peer, operation: ServiceBusOperation, target: string): Promise<MetEffect> {
  return peer.faults.meet({ wire: "serviceBus", operation, target });
}

export function refusalOf(effect: Extract<MetEffect, { kind: "error" }>): Refusal {
  return {
    condition: String(effect.code),
    description: effect.message ?? `The operation was refused with ${effect.code}.`,
    status: effect.status,
  };
}

/** Runs what an event started; a defect in it costs this client its connection, not everybody the process. */
export function run(peer: Peer, work: () => Promise<void>): void {
  work().catch(() => peer.cut());
}

/** One operation that has an answer: acted out as the fault demands, or done and answered. */
export function perform<Result>(
  peer: Peer,
  effect: MetEffect,
  operation: { act: () => Result; answer: (result: Result) => void; refuse: (refusal: Refusal) => void },
): void {
  if (effect?.kind === "hang") return;
  if (effect?.kind === "cutBefore") {
    peer.cut();
    return;
  }
  if (effect?.kind === "error") {
    operation.refuse(refusalOf(effect));
    return;
  }
  let finish: () => void;
  try {
    const result = operation.act();
    finish = () => operation.answer(result);
  } catch (error) {
    finish = () => operation.refuse(toCondition(error));
  }
  if (effect?.kind === "cutAfter") peer.cut();
  else if (effect?.kind === "garbage") peer.sendGarbage();
  else finish();
}

/** Answers a request of $cbs or $management; nobody hears it when the client has no link for answers. */
export function reply(
  peer: Peer,
  { message_id, reply_to }: Message,
  application_properties: Record<string, unknown>,
  body: unknown = null,
): void {
  const correlation = message_id === undefined ? {} : { correlation_id: message_id };
  peer.replyLinks.get(String(reply_to))?.send({ ...correlation, application_properties, body });
}
