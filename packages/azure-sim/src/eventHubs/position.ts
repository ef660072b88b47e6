/** Where a reader begins: the selector of its link, such as `amqp.annotation.x-opt-offset > '@latest'` (Learn "AMQP 1.0 in Event Hubs"). */
import { BrokerError } from "../amqp/errors.ts";
import type { Partition, StoredEvent } from "./hub.ts";

const fields: Readonly<Record<string, (event: StoredEvent) => number>> = {
  offset: ({ offset }) => offset,
  "sequence-number": ({ sequenceNumber }) => sequenceNumber,
  "enqueued-time": ({ enqueuedAt }) => enqueuedAt,
};

/** The index of the first event to send; without a selector, of the oldest. */
export function startOf(partition: Partition, selector: string | undefined): number {
  const { events } = partition;
  if (selector === undefined) return 0;
  const [, field = "", operator, value = ""] =
    /^\s*amqp\.annotation\.x-opt-([a-z-]+)\s*(>=?)\s*'?(@latest|-?\d+)'?\s*$/.exec(selector) ?? [];
  const read = fields[field];
  if (!read) throw new BrokerError("amqp:invalid-field", `This simulator does not know the selector ${selector}.`);
  if (value === "@latest") return events.length;
  const wanted = Number(value);
  const index = events.findIndex((event) => (operator === ">=" ? read(event) >= wanted : read(event) > wanted));
  return index < 0 ? events.length : index;
}
