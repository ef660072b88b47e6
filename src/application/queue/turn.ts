/** Whose turn it is: requests for a namespace begin in the order of their sequence numbers. */
import { z } from "zod";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import type { WaitingRequest } from "../../domain/operation/records.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { namedIn } from "../../domain/request/objectForm.ts";
import type { Ports } from "../../ports/index.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { readMessage } from "./readMessage.ts";

/** No earlier message is undecided, and no earlier row waits. */
export async function isFirst(
  { queue, registry }: Pick<Ports, "queue" | "registry">,
  namespaceRef: NamespaceRef,
  { sequenceNumber, undecidedBefore = sequenceNumber }: Turn,
): Promise<boolean> {
  const undecided = await queue.undecidedBefore(undecidedBefore);
  if (undecided.some((body) => isFor(namespaceRef, body))) return false;
  const first = await findFirst(registry, namespaceRef);
  return first === "none" || (first !== undefined && first.sequenceNumber >= sequenceNumber);
}

interface Turn {
  readonly sequenceNumber: number;
  /** Which messages count as earlier; by default those with smaller numbers. */
  readonly undecidedBefore?: number;
}

/** Undefined while its row cannot be read: until the timer has restored it (lostRows.ts), nothing overtakes it. */
export async function findFirst(
  registry: Pick<Ports["registry"], "firstWaiting">,
  namespaceRef: NamespaceRef,
): Promise<WaitingRequest | "none" | undefined> {
  return await unlessUnreadable(registry.firstWaiting(namespaceRef).then((first) => first ?? ("none" as const)));
}

const NamedNamespace = z.object({ cluster: z.string(), namespace: z.string() });

/** A message that is not a request is refused when it is read, and keeps no other waiting. */
function isFor(namespaceRef: NamespaceRef, body: unknown): boolean {
  try {
    const { data } = NamedNamespace.safeParse(namedIn(readMessage(body)));
    return data !== undefined && namespaceKey(data) === namespaceKey(namespaceRef);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
