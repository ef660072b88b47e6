/**
 * Requests from the queue that wait for their namespace.
 *
 * | table          | partition           | row                                        |
 * | MooringWaiting | `cluster:namespace` | sequence number of the message, 20 digits  |
 */

import { namesOf } from "../../domain/lookUp.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { WaitingRequest } from "../../domain/operation/records.ts";
import type { WaitingRequests } from "../../ports/registry.ts";
import type { Filters, Table } from "./tables.ts";

/** All fields except the request. */
const listed = namesOf({
  cluster: true,
  namespace: true,
  namespaceField: true,
  sequenceNumber: true,
  operation: true,
  isRemovalConfirmed: true,
  traceparent: true,
  since: true,
  expires: true,
} satisfies { readonly [Field in keyof Omit<WaitingRequest, "request">]-?: true });

export function createWaitingOn(waiting: Table<WaitingRequest>): WaitingRequests {
  const ofNamespace = (namespaceRef: NamespaceRef): Filters => [["PartitionKey", partitionOf(namespaceRef)]];
  return {
    waitingFor: async (namespaceRef) => (await waiting.readable(ofNamespace(namespaceRef))).value.toSorted(bySequence),
    async firstWaiting(namespaceRef) {
      const { value, unreadable = [] } = await waiting.page(ofNamespace(namespaceRef), 1);
      // If the first one cannot be read, the others must not overtake it: this fails, and names it.
      const [first] = (unreadable.length > 0 ? await waiting.all(ofNamespace(namespaceRef)) : value).toSorted(
        bySequence,
      );
      return first;
    },
    listWaiting: async () => (await waiting.readable([], listed)).value.toSorted(bySequence),
    async insertWaiting(record) {
      await waiting.insert(partitionOf(record), rowOf(record), record);
    },
    async removeWaiting(record) {
      await waiting.remove(partitionOf(record), rowOf(record), "*");
    },
  };
}

/** Neither part can contain a colon. */
function partitionOf({ cluster, namespace }: NamespaceRef): string {
  return `${cluster}:${namespace}`;
}

function rowOf({ sequenceNumber }: Pick<WaitingRequest, "sequenceNumber">): string {
  return String(sequenceNumber).padStart(20, "0");
}

function bySequence(a: Pick<WaitingRequest, "sequenceNumber">, b: Pick<WaitingRequest, "sequenceNumber">): number {
  return a.sequenceNumber - b.sequenceNumber;
}
