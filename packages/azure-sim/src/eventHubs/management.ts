/** `$management`: what a hub and its partitions are (Learn "AMQP 1.0 in Event Hubs"; the clients' getEventHubProperties). */
import rhea, { type EventContext } from "rhea";
import { expectClaim } from "../amqp/claims.ts";
import { decodeRequest } from "../amqp/content.ts";
import { BrokerError } from "../amqp/errors.ts";
import { meet, perform, type Refusal, reply } from "../amqp/peer.ts";
import { type HubsPeer, noPartition } from "./peer.ts";

export const managementNode = "$management";

export async function answerManagement(peer: HubsPeer, { message, delivery, receiver }: EventContext): Promise<void> {
  delivery?.accept();
  if (!receiver) return;
  const request = decodeRequest(message);
  const { operation, type, name, partition } = (request.application_properties ?? {}) as Record<string, unknown>;
  const question = { request, node: managementNode, session: receiver.session };
  const answer = (status: number, description: string, body: unknown = null, condition?: string) =>
    reply(
      peer,
      question,
      {
        "status-code": rhea.types.wrap_int(status),
        "status-description": description,
        ...(condition === undefined ? {} : { "error-condition": rhea.types.wrap_symbol(condition) }),
      },
      body,
    );
  const path = String(name);
  const effect = await meet(peer, "read", partition === undefined ? path : `${path}/Partitions/${String(partition)}`);
  perform(peer, effect, {
    act() {
      if (operation !== "READ")
        throw new BrokerError("amqp:not-implemented", `There is no operation ${String(operation)}.`);
      expectClaim(peer, path, "Listen", "Send");
      return type === "com.microsoft:partition" ? partitionOf(peer, path, String(partition)) : hubOf(peer, path);
    },
    answer: (body) => answer(200, "OK", body),
    refuse: ({ condition, description, status }: Refusal) =>
      answer(status ?? statusCodes[condition] ?? 500, description, null, condition),
  });
}

const statusCodes: Readonly<Record<string, number>> = {
  "amqp:not-found": 404,
  "amqp:unauthorized-access": 401,
  "amqp:not-implemented": 501,
  "com.microsoft:argument-out-of-range": 400,
  "com.microsoft:server-busy": 503,
};

function hubOf(peer: HubsPeer, path: string): object {
  const { name, createdAt, partitions } = peer.find(path);
  return {
    ...{ name, type: "com.microsoft:eventhub", created_at: rhea.types.wrap_timestamp(createdAt) },
    partition_count: rhea.types.wrap_int(partitions.length),
    partition_ids: rhea.types.wrap_array(
      partitions.map(({ id }) => id),
      0xa1,
      undefined,
    ),
    georeplication_factor: rhea.types.wrap_int(1),
  };
}

function partitionOf(peer: HubsPeer, path: string, id: string): object {
  const { name, partitions } = peer.find(path);
  const partition = partitions.find((each) => each.id === id);
  if (!partition) throw noPartition(id, partitions.length);
  const last = partition.events.at(-1);
  return {
    ...{ name, type: "com.microsoft:partition", partition: id, is_partition_empty: last === undefined },
    begin_sequence_number: rhea.types.wrap_long(0),
    last_enqueued_sequence_number: rhea.types.wrap_long(last?.sequenceNumber ?? -1),
    last_enqueued_offset: String(last?.offset ?? -1),
    last_enqueued_time_utc: rhea.types.wrap_timestamp(last?.enqueuedAt ?? 0),
  };
}
