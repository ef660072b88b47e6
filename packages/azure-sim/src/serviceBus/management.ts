/** `<entity>/$management`: requests outside a message's link. Learn "AMQP request/response operations". */
import rhea, { type EventContext } from "rhea";
import { expectClaim } from "../amqp/claims.ts";
import { type Content, decodeMessage } from "../amqp/content.ts";
import { BrokerError } from "../amqp/errors.ts";
import { meet, perform, type Refusal, reply } from "../amqp/peer.ts";
import { lockTokenFromUuid, readTyped, settleDelivery, typedEntries, uuidFromLockToken } from "../amqp/rhea.ts";
import { findSection, sectionCode, splitSections } from "../amqp/sections.ts";
import { asList, asNumber, asProperties, asText, type Properties } from "../amqp/values.ts";
import type { Entity } from "./broker.ts";
import { encodeMessage, readMessage } from "./messages.ts";
import type { BusPeer, ServiceBusOperation } from "./peer.ts";
import type { Queue } from "./queue.ts";

export const managementSuffix = "/$management";

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
}

interface Request {
  readonly operation: ServiceBusOperation;
  act(): Answer;
}

export async function answerManagement(
  peer: BusPeer,
  entity: Entity<Content>,
  { message, delivery, receiver }: EventContext,
): Promise<void> {
  delivery?.accept();
  if (!receiver) return;
  const sent = decodeMessage(message);
  const question = { request: sent, node: `${entity.path}${managementSuffix}`, session: receiver.session };
  const answerWith = (status: number, statusDescription: string, body: unknown, condition?: string) =>
    reply(
      peer,
      question,
      {
        statusCode: rhea.types.wrap_int(status),
        statusDescription,
        ...(condition === undefined ? {} : { errorCondition: rhea.types.wrap_symbol(condition) }),
      },
      body,
    );
  const refuse = ({ condition, description, status }: Refusal) =>
    answerWith(status ?? statusCodes[condition] ?? 500, description, null, condition);
  const name = String(sent.application_properties?.["operation"]);
  const request = readRequest(peer, entity, name, { body: asProperties(sent.body), payload: message });
  if (!request) {
    refuse({ condition: "amqp:not-implemented", description: `${entity.path} has no operation ${name}.` });
    return;
  }
  const effect = await meet(peer, request.operation, entity.path);
  perform(peer, effect, {
    act() {
      expectClaim(peer, entity.path, ofSenders.has(request.operation) ? "Send" : "Listen");
      return request.act();
    },
    answer: ({ status = 200, body = {} }) => answerWith(status, "OK", body),
    refuse,
  });
}

/** What needs the right to send; the rest needs that to receive. */
const ofSenders: ReadonlySet<ServiceBusOperation> = new Set(["schedule", "cancelScheduled"]);

const statusCodes: Readonly<Record<string, number>> = {
  "amqp:not-allowed": 400,
  "amqp:decode-error": 400,
  "com.microsoft:argument-error": 400,
  "amqp:unauthorized-access": 401,
  "amqp:not-found": 404,
  "com.microsoft:message-not-found": 404,
  "com.microsoft:message-lock-lost": 410,
  "amqp:not-implemented": 501,
  "com.microsoft:server-busy": 503,
  "com.microsoft:timeout": 408,
};

function readRequest(
  peer: BusPeer,
  entity: Entity<Content>,
  name: string,
  { body, payload }: { body: Properties; payload: unknown },
): Request | undefined {
  const { queue } = entity;
  if (name === "com.microsoft:schedule-message") return schedule(entity, body);
  if (name === "com.microsoft:cancel-scheduled-message") return cancelScheduled(entity, body);
  if (!queue) return undefined;
  if (name === "com.microsoft:renew-lock") return renewLock(queue, body);
  if (name === "com.microsoft:peek-message") return peek(queue, body);
  if (name === "com.microsoft:receive-by-sequence-number") return receiveDeferred(queue, body);
  if (name === "com.microsoft:update-disposition")
    return updateDisposition(peer, queue, body, propertiesToModify(payload));
  return undefined;
}

function renewLock(queue: Queue<Content>, body: Properties): Request {
  return {
    operation: "renewLock",
    act: () => ({
      body: { expirations: rhea.types.wrap_array(lockTokens(body).map(queue.renew), 0x83, undefined) },
    }),
  };
}

function peek(queue: Queue<Content>, body: Properties): Request {
  return {
    operation: "peek",
    act() {
      const found = queue.peek({
        from: asNumber(body["from-sequence-number"]),
        count: asNumber(body["message-count"]),
      });
      if (found.length === 0) return { status: 204 };
      return { body: { messages: found.map((message) => ({ message: encodeMessage(message) })) } };
    },
  };
}

function schedule({ path, send }: Entity<Content>, body: Properties): Request {
  return {
    operation: "schedule",
    act() {
      if (!send) throw new BrokerError("amqp:not-allowed", `Messages cannot be sent to ${path}.`);
      const messages = asList(body["messages"]).map((entry) => readMessage(asProperties(entry)["message"]));
      const numbers = messages.map((message) => send(message) ?? 0);
      return { body: { "sequence-numbers": rhea.types.wrap_array(numbers, 0x81, undefined) } };
    },
  };
}

function cancelScheduled({ path, cancelScheduled: cancel }: Entity<Content>, body: Properties): Request {
  return {
    operation: "cancelScheduled",
    act() {
      if (!cancel) throw new BrokerError("amqp:not-allowed", `Messages cannot be scheduled on ${path}.`);
      cancel(asList(body["sequence-numbers"]).map(asNumber));
      return {};
    },
  };
}

function receiveDeferred(queue: Queue<Content>, body: Properties): Request {
  return {
    operation: "receiveDeferred",
    act() {
      const received = queue.receiveDeferred(asList(body["sequence-numbers"]).map(asNumber));
      const messages = received.map((message) => ({
        "lock-token": uuidFromLockToken(message.lockToken),
        message: encodeMessage(message),
      }));
      // 0 means receive-and-delete.
      if (body["receiver-settle-mode"] === 0) for (const { lockToken } of received) queue.complete(lockToken);
      return { body: { messages } };
    },
  };
}

/** Settles by lock token, whichever connection received the message. */
function updateDisposition(
  peer: BusPeer,
  queue: Queue<Content>,
  body: Properties,
  properties: Properties,
): Request | undefined {
  const why = {
    properties,
    reason: asText(body["deadletter-reason"]),
    description: asText(body["deadletter-description"]),
  };
  const dispositions: Readonly<Record<string, { operation: ServiceBusOperation; settle: (token: string) => void }>> = {
    completed: { operation: "complete", settle: queue.complete },
    abandoned: { operation: "abandon", settle: (token) => queue.abandon(token, properties) },
    defered: { operation: "defer", settle: (token) => queue.defer(token, properties) },
    suspended: { operation: "deadLetter", settle: (token) => queue.deadLetter(token, why) },
  };
  const disposition = dispositions[String(body["disposition-status"])];
  return (
    disposition && {
      operation: disposition.operation,
      act() {
        for (const token of lockTokens(body)) {
          disposition.settle(token);
          // If the delivery's link still exists, settle the delivery, too; otherwise it would keep a slot in the link's session.
          const delivery = peer.deliveries.get(token);
          if (delivery) settleDelivery(delivery);
          peer.deliveries.delete(token);
        }
        return {};
      },
    }
  );
}

/** With their AMQP types, as the message will contain them. */
function propertiesToModify(payload: unknown): Properties {
  const body = Buffer.isBuffer(payload) ? findSection(splitSections(payload), sectionCode.value) : undefined;
  return body ? typedEntries(typedEntries(readTyped(body))["properties-to-modify"]) : {};
}

function lockTokens(body: Properties): string[] {
  return asList(body["lock-tokens"]).map(lockTokenFromUuid);
}
