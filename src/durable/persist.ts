/**
 * Undos that are not done go on. One that waits looks again at the time that it gave; one whose failure may pass is tried again,
 * ever more slowly, until a time limit by the orchestration's clock. They wait together, so that what can be undone now does not
 * wait for what cannot, and an event wakes them; but however many events come, some time passes between two looks.
 */
import type { OrchestrationContext } from "durable-functions";
import { type RetryPolicy, slowDelayOf } from "./retry.ts";
import { type Durable, type SettledResult, settledOf } from "./step.ts";
import type { Again, FailedCompensation, Undo } from "./undo.ts";
import { pause, timeAfter, waitForEvent } from "./waiting.ts";

export interface Persistence {
  readonly context: OrchestrationContext;
  readonly policy: RetryPolicy;
  /** An event of this name wakes the undos before their time. */
  readonly wakes: string;
  /** Whether a failure may pass with time. */
  readonly isPassing: (error: unknown) => boolean;
  /** Called before undos wait, unless the same ones wait as in the round before, and for the same kind of reason. */
  readonly onWait: (waiting: readonly Waiting[]) => Durable<void>;
}

export interface Waiting {
  readonly name: string;
  /** Why it is not done; undefined if it only looks again. */
  readonly error: unknown;
}

interface Unfinished {
  readonly undo: Undo;
  readonly result: SettledResult<unknown>;
}

/** Runs every undo in the given order, and again those that are not done; returns those that failed for good. */
export function* persist(
  undos: readonly Undo[],
  { context, policy, wakes, isPassing, onWait }: Persistence,
): Durable<readonly FailedCompensation[]> {
  const { undoTimeoutMs = 0 } = policy;
  const now = () => context.df.currentUtcDateTime.getTime();
  const failures = new Map<string, unknown>();
  const keepUnfinished = (tried: readonly Unfinished[], isLast: boolean) =>
    tried.filter(({ undo: { name }, result }) => {
      if (result.status === "fulfilled") return dueTime(result) !== undefined;
      if (!isLast && isPassing(result.reason)) return true;
      failures.set(name, result.reason);
      return false;
    });

  let open = keepUnfinished(yield* runAll(undos), undoTimeoutMs === 0);
  const end = now() + undoTimeoutMs;
  let last = "";
  for (let tries = 1; open.length > 0; tries += 1) {
    const waiting = open.map(toWaiting);
    const news = waiting.map(({ name, error }) => (error === undefined ? name : `${name} failed`)).join();
    if (news !== last) yield* onWait(waiting);
    last = news;
    const retryTime = timeAfter(context, Math.min(slowDelayOf(policy, tries), Math.max(0, end - now())));
    const dueOf = ({ result }: Unfinished) => dueTime(result) ?? retryTime;
    const next = open.map(dueOf).toSorted()[0] ?? retryTime;
    const isWoken = yield* waitForEvent(context, wakes, next);
    const due = open.filter((each) => isWoken || dueOf(each) <= next);
    const leftMs = end - now();
    const isLast = leftMs <= earlyMs;
    const again: Again = isLast ? {} : { nextMs: Math.min(slowDelayOf(policy, tries + 1), leftMs) };
    const tried = yield* runAll(
      due.map(({ undo }) => undo),
      again,
    );
    const still = new Map(tried.map((each) => [each.undo, each]));
    const current = open.map((each) => still.get(each.undo) ?? each);
    const left = new Set(keepUnfinished(tried, isLast));
    open = current.filter((each) => left.has(each) || !still.has(each.undo));
    // Only time ends a wait for a late effect: events that come faster than looks would make these look without end.
    if (isWoken && open.length > 0) yield* pause(context, policy.firstIntervalMs);
  }
  // In the order of the undos, in which they are run again.
  return undos.flatMap(({ name }) => (failures.has(name) ? [{ compensation: name, error: failures.get(name) }] : []));
}

/** A timer may fire a little before its time. */
const earlyMs = 1_000;

function* runAll(undos: readonly Undo[], again?: Again): Durable<readonly Unfinished[]> {
  const tried: Unfinished[] = [];
  for (const undo of undos) tried.push({ undo, result: yield* settledOf(undo.undo(again)) });
  return tried;
}

function toWaiting({ undo: { name }, result }: Unfinished): Waiting {
  return { name, error: result.status === "rejected" ? result.reason : undefined };
}

/** RFC 3339: when a step that is not done looks again, as its result says it. */
export function waitsUntil(result: unknown): string | undefined {
  if (typeof result !== "object" || result === null || !("waitsUntil" in result)) return undefined;
  return typeof result.waitsUntil === "string" ? result.waitsUntil : undefined;
}

function dueTime(result: SettledResult<unknown>): string | undefined {
  return result.status === "fulfilled" ? waitsUntil(result.value) : undefined;
}
