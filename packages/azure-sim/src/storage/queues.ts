/** Queues and their messages (learn.microsoft.com "List Queues", "Put Message", "Peek Messages"). */
import { randomUUID } from "node:crypto";
import type { HttpReply } from "../httpServer.ts";
import type { Asked } from "./asked.ts";
import type { QueueMessage } from "./data.ts";
import { escapeXml, failures, xml } from "./failures.ts";

const keptMs = 7 * 86_400_000;

export function answerQueues({ method, names, query, account, body, now, expectRight }: Asked): HttpReply {
  const [queue, part] = names;
  if (queue === undefined) {
    if (method !== "GET" || query.get("comp") !== "list") throw failures.unsupported(`${method} of an account`);
    expectRight("queues/read");
    const listed = [...account.queues.keys()].map((name) => `<Queue><Name>${escapeXml(name)}</Name></Queue>`);
    return xml(200, `<EnumerationResults><Queues>${listed.join("")}</Queues><NextMarker/></EnumerationResults>`);
  }
  const messages = () => {
    const found = account.queues.get(queue);
    if (!found) throw failures.noQueue();
    return found;
  };
  if (part !== "messages") throw failures.unsupported(`${method} of a queue`);
  if (method === "POST") {
    expectRight("messages/add");
    const text = /<MessageText>([\s\S]*)<\/MessageText>/.exec(body)?.[1] ?? "";
    const made = { id: randomUUID(), text, insertedTime: now };
    messages().push(made);
    return xml(201, `<QueueMessagesList>${describe(made)}</QueueMessagesList>`);
  }
  if (method !== "GET" || query.get("peekonly") !== "true") throw failures.unsupported(`${method} of messages`);
  expectRight("messages/read");
  const peeked = messages().slice(0, Number(query.get("numofmessages") ?? 1));
  const texts = peeked.map(
    (each) => `${describe(each).replace("</QueueMessage>", "")}<MessageText>${each.text}</MessageText></QueueMessage>`,
  );
  return xml(200, `<QueueMessagesList>${texts.join("")}</QueueMessagesList>`);
}

function describe({ id, insertedTime }: QueueMessage): string {
  const expiry = new Date(insertedTime.getTime() + keptMs).toUTCString();
  return `<QueueMessage><MessageId>${id}</MessageId><InsertionTime>${insertedTime.toUTCString()}</InsertionTime><ExpirationTime>${expiry}</ExpirationTime></QueueMessage>`;
}
