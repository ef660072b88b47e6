/**
 * Requests from the queue that cannot begin yet (docs/adr/0013): another operation holds the namespace, or an earlier message
 * for it has not been decided. The registry keeps each in a row, and its message is deferred, so that it occupies no slot. The
 * end of an operation begins the next request; after a crash a timer does, and it gives up what has waited too long.
 *
 * Requests begin in the order of their sequence numbers. A request is the first when no earlier message is undecided and no
 * earlier row waits. Messages are checked first: one that is no longer undecided already has its row.
 */

import { longestWaitMs } from "../../domain/access/access.ts";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import type { WaitingRequest } from "../../domain/operation/records.ts";
import { errorAsSent } from "../../domain/policy/errorAsSent.ts";
import { queueCaller } from "../../domain/policy/queueCaller.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import {
  type AcceptanceContext,
  type AcceptanceContextWithId,
  type Accepted,
  acceptOnboarding,
} from "../acceptance/acceptance.ts";
import { admit } from "../admission/admission.ts";
import { checkRequest } from "../requests/readRequest.ts";
import { noteRefusalOf, type RefusalTrail } from "../watching/refusalTrail.ts";
import type { Arriving } from "./arriving.ts";
import { createLooks, type Looks } from "./looks.ts";
import { createLostRows } from "./lostRows.ts";
import { findFirst, isFirst } from "./turn.ts";

/** The function that receives these messages. */
export const queueFunction = "onboardingRequested";

type Worker = Pick<AcceptanceContext, "client" | "warn">;

export interface Backlog extends Omit<Looks<Worker>, "inTurn"> {
  /**
   * Begins the request of a message. Undefined when its turn has not come: the request is kept, and the caller has to defer
   * its message.
   */
  beginOrDefer(worker: Worker, arriving: Arriving): Promise<Accepted | undefined>;
  /** Writes to the audit trail. */
  noteRefused(worker: Worker, message: Pick<WaitingRequest, "traceparent">, error: Refusal): Promise<void>;
  /**
   * Goes through everything that waits: begins what can begin, dead-letters what has waited too long, and finds again what the
   * registry has lost.
   */
  reconcile(worker: Worker): Promise<void>;
}

export function createBacklog(
  ports: Ports,
  { refusals, now = () => Date.now() }: { readonly refusals: RefusalTrail; readonly now?: () => number },
): Backlog {
  const { registry, queue, catalog } = ports;

  const findLost = createLostRows<Worker>(ports, noteRefused);
  /**
   * A request that this process knows to wait for each namespace: what comes behind it waits, too, and looks at nothing. If it has
   * begun elsewhere meanwhile, the look after the message finds that.
   */
  const knownToWait = new Map<string, number>();

  /** False when nothing more can begin for now. */
  async function beginFirst(worker: Worker, namespaceRef: NamespaceRef): Promise<boolean> {
    const first = await findFirst(registry, namespaceRef);
    if (first === "none") knownToWait.delete(namespaceKey(namespaceRef));
    if (first === undefined || first === "none") return false;
    const record = await registry.getNamespace(namespaceRef);
    if (record && isHeld(record) && record.operation !== first.operation) return false;
    // If the request's own message is not deferred yet, its handler still owns it and will check again once it is.
    const { sequenceNumber } = first;
    if (!(await isFirst(ports, namespaceRef, { sequenceNumber, undecidedBefore: sequenceNumber + 1 }))) return false;
    if (Date.parse(first.expires) <= now()) {
      await giveUp(ports, worker, first);
      return true;
    }
    const acceptance = contextFor(ports, worker, first);
    try {
      const request = checkRequest({ catalog, by: acceptance.by }, first.request);
      const accepted = await beginUnlessHeld(acceptance, request, first);
      if (!accepted) return false;
      await queue.completeDeferred(first.sequenceNumber);
    } catch (caught) {
      const error = errorAsSent(caught, first);
      if (!(error instanceof Refusal)) throw error;
      worker.warn(logLine("waiting request dead-lettered", { ...factsOf(first), code: error.code }));
      await noteRefused(worker, first, error);
      await queue.deadLetterDeferred(first.sequenceNumber, { reason: error.code, description: error.message });
    }
    await registry.removeWaiting(first);
    return true;
  }

  async function noteRefused(worker: Worker, { traceparent }: Pick<WaitingRequest, "traceparent">, error: Refusal) {
    // Service Bus decided who may send, so this caller counts as authenticated, unless the service authenticates nobody.
    if (!catalog.auth) return;
    await noteRefusalOf(refusals, error, { by: queueCaller(catalog), what: queueFunction, traceparent }, worker);
  }

  const { inTurn, ...looks } = createLooks(beginFirst);

  return {
    ...looks,
    noteRefused,

    async beginOrDefer(worker, arriving) {
      const { request, sequenceNumber } = arriving;
      const { cluster, namespace } = request;
      const acceptance = contextFor(ports, worker, arriving);
      // A request that policy refuses need not wait.
      admit(acceptance, request);
      const key = namespaceKey(request);
      const isBehind = (knownToWait.get(key) ?? Number.POSITIVE_INFINITY) < sequenceNumber;
      if (!isBehind && (await isFirst(ports, request, { sequenceNumber }))) {
        // A row that an earlier delivery wrote is removed by the next admission, which finds the operation begun.
        const accepted = await beginUnlessHeld(acceptance, request, arriving);
        if (accepted) return accepted;
      }
      await registry.insertWaiting({ ...arriving, cluster, namespace, since: new Date(now()).toISOString() });
      if (!isBehind) knownToWait.set(key, sequenceNumber);
      return undefined;
    },

    async reconcile(worker) {
      knownToWait.clear();
      const namespaceRefs = Map.groupBy(await registry.listWaiting(), namespaceKey);
      for (const [first] of namespaceRefs.values()) if (first) await looks.beginNext(worker, first);
      // Requests that have begun by now no longer have a row.
      for (const waiting of await registry.listWaiting()) {
        if (isOver(catalog, waiting, now())) await inTurn(worker, waiting, () => giveUp(ports, worker, waiting));
      }
      await findLost(worker);
    },
  };
}

function contextFor(
  ports: Ports,
  worker: Worker,
  { operation, traceparent }: Pick<WaitingRequest, "operation" | "traceparent">,
): AcceptanceContextWithId {
  // An earlier delivery, or an earlier try to begin it, may have begun the operation.
  return { ...worker, ports, by: queueCaller(ports.catalog), operation, traceparent, isRepeated: true };
}

type Waiting = Omit<WaitingRequest, "request">;

/** The row goes last: while it exists, the next attempt recovers from a crash. */
async function giveUp({ registry, queue }: Ports, worker: Worker, waiting: Waiting): Promise<void> {
  const record = await registry.getNamespace(waiting);
  const cause = record && isHeld(record) ? `Operation ${record.operation} runs` : "An earlier request waits";
  const description = `${cause} for ${namespaceKey(waiting)}, and this request has waited since ${waiting.since}.`;
  worker.warn(logLine("waiting request given up", { ...factsOf(waiting), since: waiting.since }));
  await queue.deadLetterDeferred(waiting.sequenceNumber, { reason: "OPERATION_IN_PROGRESS", description });
  await registry.removeWaiting(waiting);
}

function isOver(catalog: Pick<Catalog, "queue">, { since, expires }: Waiting, now: number): boolean {
  return now >= Math.min(Date.parse(since) + longestWaitMs(catalog.queue), Date.parse(expires));
}

/** Undefined while another operation holds the namespace. */
async function beginUnlessHeld(
  acceptance: AcceptanceContextWithId,
  request: OnboardingRequest,
  { isRemovalConfirmed = true }: Pick<WaitingRequest, "isRemovalConfirmed">,
): Promise<Accepted | undefined> {
  try {
    return await acceptOnboarding(acceptance, request, { isPatient: false, isRemovalConfirmed });
  } catch (error) {
    if (error instanceof Refusal && error.code === "OPERATION_IN_PROGRESS") return undefined;
    throw error;
  }
}

function factsOf({ operation, cluster, namespace, traceparent }: Omit<WaitingRequest, "request">) {
  return { operation, cluster, namespace, traceId: traceIdIn({ traceparent }) };
}
