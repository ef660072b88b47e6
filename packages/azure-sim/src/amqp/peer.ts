/** A client's connection as its links see it, and how scripted failures appear on this wire. */
import type { Message, Session } from "rhea";
import type { Effect, Faults, Wire } from "../faults.ts";
import type { Claims, May, TokenCheck } from "./claims.ts";
import { toCondition } from "./errors.ts";
import type { ReplyLinks } from "./replyLinks.ts";
import type { Line } from "./server.ts";

export interface Peer extends Line {
  readonly wire: Wire;
  /** The name of the namespace, before the entity in the journal; undefined for Mooring's own. */
  readonly namespace: string | undefined;
  /** Its address in Azure. */
  readonly host: string;
  readonly faults: Faults;
  readonly checkToken: TokenCheck;
  /** What this connection's tokens allow. */
  readonly claims: Claims;
  readonly may: May;
  /** Whether there is something at the path for which a token can be. */
  has(path: string): boolean;
  readonly replyLinks: ReplyLinks;
}

export interface Refusal {
  readonly condition: string;
  readonly description: string;
  /** The status code, for $cbs and $management. */
  readonly status?: number | undefined;
}

export type MetEffect = Exclude<Effect, { kind: "delay" }> | undefined;

export function meet({ wire, namespace, faults }: Peer, operation: string, path: string): Promise<MetEffect> {
  const target = [namespace, path].filter((part) => part !== undefined && part !== "").join("/");
  return faults.meet({ wire, operation, target });
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
