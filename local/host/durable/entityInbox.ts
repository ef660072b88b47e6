/** What an entity does next, given its lock and its waiting messages. Pure. */
import type { EntityLock, EntityMessage, EntityRequest } from "./records.ts";

export type EntityStep = {
  /** Requests without effect: a lock that was released before it was granted, a release of a lock that is not held. */
  readonly dropped: readonly EntityMessage[];
} & (
  | { readonly kind: "operations"; readonly batch: readonly EntityMessage[] }
  | { readonly kind: "lock" | "release"; readonly message: EntityMessage }
  | { readonly kind: "wait" }
);

/**
 * Messages are taken in order. While the entity is locked, only its holder's are; the others keep their places. A release goes
 * to all entities of a lock set at the same time, even when the lock was never granted because its orchestration ended first:
 * it then removes the waiting lock request, too.
 */
export function nextEntityStep(
  lock: EntityLock | null,
  queue: readonly EntityMessage[],
  longestBatch: number,
): EntityStep {
  const { kept, dropped } = settleReleases(lock, queue);
  const eligible = lock === null ? kept : kept.filter(({ request }) => isOfHolder(request, lock));
  const first = eligible[0];
  if (first === undefined) return { kind: "wait", dropped };
  if (first.request.kind !== "operation") return { kind: first.request.kind, message: first, dropped };
  const end = eligible.findIndex(({ request }) => request.kind !== "operation");
  return {
    kind: "operations",
    batch: eligible.slice(0, Math.min(end < 0 ? eligible.length : end, longestBatch)),
    dropped,
  };
}

function settleReleases(lock: EntityLock | null, queue: readonly EntityMessage[]) {
  const revoked = new Set<string>();
  for (const { request } of queue) {
    if (request.kind === "release" && request.request !== lock?.request) revoked.add(request.request);
  }
  if (revoked.size === 0) return { kept: queue, dropped: [] };
  const isRevoked = ({ request }: EntityMessage) => request.kind !== "operation" && revoked.has(request.request);
  return { kept: queue.filter((message) => !isRevoked(message)), dropped: queue.filter(isRevoked) };
}

function isOfHolder(request: EntityRequest, lock: EntityLock): boolean {
  if (request.kind === "release") return request.request === lock.request;
  if (request.kind === "lock" || request.caller === null) return false;
  return request.caller.instance === lock.instance && request.caller.execution === lock.execution;
}
