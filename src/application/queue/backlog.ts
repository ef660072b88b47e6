/**
 * Requests from the queue that cannot begin yet (docs/adr/0013): another operation holds the namespace, or an earlier message
 * for it has not been decided. The registry keeps each in a row, and its message is deferred, so that it occupies no slot. The
 * end of an operation begins the next request; after a crash a timer does, and it gives up what has waited too long.
 *
 * Requests begin in the order of their sequence numbers. A request is the first when no earlier message is undecided and no
 * earlier row waits. Messages are checked first: one that is no longer undecided already has its row.
 */

import { z } from "zod";
import { longestWaitMs } from "../../domain/access/access.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import type { WaitingRequest } from "../../domain/operation/records.ts";
import { errorAsSent } from "../../domain/policy/errorAsSent.ts";
import { queueCaller } from "../../domain/policy/queueCaller.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { namedIn } from "../../domain/request/objectForm.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { createSerial } from "../../domain/serial.ts";
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
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { noteRefusalOf, type RefusalTrail } from "../watching/refusalTrail.ts";
import type { Arriving } from "./arriving.ts";
import { createLostRows } from "./lostRows.ts";
import { readMessage } from "./readMessage.ts";

/** The function that receives these messages. */
export const queueFunction = "onboardingRequested";

type Worker = Pick<AcceptanceContext, "client" | "warn">;

const betweenLooksMs = 500;

export interface Backlog {
  /**
   * Begins the request of a message. Undefined when its turn has not come: the request is kept, and the caller has to defer
   * its message.
   */
  beginOrDefer(worker: Worker, arriving: Arriving): Promise<Accepted | undefined>;
  /** Begins what waits for a namespace that has become free. Never fails: the timer tries again. */
  beginNext(worker: Worker, berth: Berth): Promise<void>;
  /** The same for the handler of a message that waits: one look serves a burst, and may come a moment later. */
  beginSoon(worker: Worker, berth: Berth): Promise<void>;
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
  /** Two callers in one process must not start the same operation; between processes, its ID makes them one. */
  const turns = createSerial();

  function contextFor(worker: Worker, { operation, traceparent }: Pick<WaitingRequest, "operation" | "traceparent">) {
    // An earlier delivery, or an earlier try to begin it, may have begun the operation.
    return { ...worker, ports, by: queueCaller(catalog), operation, traceparent, isRepeated: true };
  }

  const findLost = createLostRows<Worker>(ports, noteRefused);
  /** Looks at what waits for a namespace that have not begun. */
  const lookingNext = new Map<string, Promise<void>>();
  /** Namespaces at which a handler has just looked, with the last that asked for another look since. */
  const lookedJustNow = new Map<string, Worker | undefined>();
  /**
   * A request that this process knows to wait for each namespace: what comes behind it waits, too, and looks at nothing. If it has
   * begun elsewhere meanwhile, the look after the message finds that.
   */
  const knownToWait = new Map<string, number>();

  async function isFirst(berth: Berth, sequenceNumber: number, undecidedBefore = sequenceNumber): Promise<boolean> {
    const undecided = await queue.undecidedBefore(undecidedBefore);
    if (undecided.some((body) => isFor(berth, body))) return false;
    const first = await findFirst(berth);
    return first === "none" || (first !== undefined && first.sequenceNumber >= sequenceNumber);
  }

  /** Undefined while its row cannot be read: until the timer has restored it (lostRows.ts), nothing overtakes it. */
  async function findFirst(berth: Berth): Promise<WaitingRequest | "none" | undefined> {
    return await unlessUnreadable(registry.firstWaiting(berth).then((first) => first ?? ("none" as const)));
  }

  /** False when nothing more can begin for now. */
  async function beginFirst(worker: Worker, berth: Berth): Promise<boolean> {
    const first = await findFirst(berth);
    if (first === "none") knownToWait.delete(berthKey(berth));
    if (first === undefined || first === "none") return false;
    const record = await registry.getNamespace(berth);
    if (record && isHeld(record) && record.operation !== first.operation) return false;
    // If the request's own message is not deferred yet, its handler still owns it and will check again once it is.
    if (!(await isFirst(berth, first.sequenceNumber, first.sequenceNumber + 1))) return false;
    if (Date.parse(first.expires) <= now()) {
      await giveUp(worker, first);
      return true;
    }
    const acceptance = contextFor(worker, first);
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

  type Waiting = Omit<WaitingRequest, "request">;

  /** The row goes last: while it exists, the next attempt recovers from a crash. */
  async function giveUp(worker: Worker, waiting: Waiting): Promise<void> {
    const record = await registry.getNamespace(waiting);
    const cause = record && isHeld(record) ? `Operation ${record.operation} runs` : "An earlier request waits";
    const description = `${cause} for ${berthKey(waiting)}, and this request has waited since ${waiting.since}.`;
    worker.warn(logLine("waiting request given up", { ...factsOf(waiting), since: waiting.since }));
    await queue.deadLetterDeferred(waiting.sequenceNumber, { reason: "OPERATION_IN_PROGRESS", description });
    await registry.removeWaiting(waiting);
  }

  function isOver({ since, expires }: Waiting): boolean {
    return now() >= Math.min(Date.parse(since) + longestWaitMs(catalog.queue), Date.parse(expires));
  }

  /** A look that has not begun sees everything written so far, so all who ask for one until then share it. */
  function beginNext(worker: Worker, berth: Berth): Promise<void> {
    const key = berthKey(berth);
    const looking =
      lookingNext.get(key) ??
      logFailure(worker, berth, async () => {
        lookingNext.delete(key);
        let isToGoOn = true;
        while (isToGoOn) isToGoOn = await beginFirst(worker, berth);
      });
    lookingNext.set(key, looking);
    return looking;
  }

  async function beginSoon(worker: Worker, berth: Berth): Promise<void> {
    const key = berthKey(berth);
    if (lookedJustNow.has(key)) {
      lookedJustNow.set(key, worker);
      return;
    }
    lookedJustNow.set(key, undefined);
    const lookAgain = () => {
      const asked = lookedJustNow.get(key);
      lookedJustNow.delete(key);
      if (asked) void beginSoon(asked, berth);
    };
    // After a crash in between, the timer looks.
    setTimeout(lookAgain, betweenLooksMs).unref();
    await beginNext(worker, berth);
  }

  async function logFailure({ warn }: Worker, berth: Berth, work: () => Promise<void>): Promise<void> {
    try {
      await turns.run(berthKey(berth), work);
    } catch (error) {
      const reason = messageOf(error);
      warn(logLine("waiting request not begun yet", { namespace: berthKey(berth), reason }));
    }
  }

  return {
    beginNext,
    beginSoon,
    noteRefused,

    async beginOrDefer(worker, arriving) {
      const { request, sequenceNumber } = arriving;
      const { cluster, namespace } = request;
      const acceptance = contextFor(worker, arriving);
      // A request that policy refuses need not wait.
      admit(acceptance, request);
      const key = berthKey(request);
      const isBehind = (knownToWait.get(key) ?? Number.POSITIVE_INFINITY) < sequenceNumber;
      if (!isBehind && (await isFirst(request, sequenceNumber))) {
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
      const berths = Map.groupBy(await registry.listWaiting(), berthKey);
      for (const [first] of berths.values()) if (first) await beginNext(worker, first);
      // Requests that have begun by now no longer have a row.
      for (const waiting of await registry.listWaiting()) {
        if (isOver(waiting)) await logFailure(worker, waiting, () => giveUp(worker, waiting));
      }
      await findLost(worker);
    },
  };
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

const NamedBerth = z.object({ cluster: z.string(), namespace: z.string() });

/** A message that is not a request is refused when it is read, and keeps no other waiting. */
function isFor(berth: Berth, body: unknown): boolean {
  try {
    const { data } = NamedBerth.safeParse(namedIn(readMessage(body)));
    return data !== undefined && berthKey(data) === berthKey(berth);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function factsOf({ operation, cluster, namespace, traceparent }: Omit<WaitingRequest, "request">) {
  return { operation, cluster, namespace, traceId: traceIdIn({ traceparent }) };
}
