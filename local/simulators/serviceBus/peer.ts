/** A client's connection as its links see it, and how scripted failures appear on this wire. */
import type { Delivery, Message, Session } from "rhea";
import type { Effect, Faults } from "../faults.ts";
import type { Broker } from "./broker.ts";
import type { Claims, TokenCheck } from "./claims.ts";
import { toCondition } from "./errors.ts";
import type { Content } from "./messages.ts";
import type { ReplyLinks } from "./replyLinks.ts";

export interface Peer {
  readonly broker: Broker<Content>;
  readonly faults: Faults;
  readonly checkToken: TokenCheck;
  /** What this connection's tokens allow. */
  readonly claims: Claims;
  readonly replyLinks: ReplyLinks;
  /** Deliveries on all connections that clients have not settled, by lock token. */
  readonly deliveries: Map<string, Delivery>;
  /** False as soon as the connection is cut, before any event. */
  isConnected(): boolean;
  /** Ends the connection without a close frame. */
  cut(): void;
  /** Writes bytes that are not an AMQP frame. */
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
  /** The status code, for $cbs and $management. */
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

/** Runs the work that an event started; a bug in it costs this client its connection instead of ending the process. */
export function run(peer: Peer, work: () => Promise<void>): void {
  work().catch(() => peer.cut());
}

/** Performs and answers an operation, or applies a fault to it. */
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

/** Answers a request to $cbs or $management; the answer is dropped if the client has no link for answers. */
export function reply(
  peer: Peer,
  { request: { message_id, reply_to: replyTo }, node, session }: Question,
  application_properties: Record<string, unknown>,
  body: unknown = null,
): void {
  const correlation = message_id === undefined ? {} : { correlation_id: message_id };
  peer.replyLinks.find({ node, session, replyTo })?.send({ ...correlation, application_properties, body });
}

export interface Question {
  readonly request: Message;
  readonly node: string;
  readonly session: Session;
}
