import type { HttpRequest, InvocationContext } from "@azure/functions";
import { amend } from "../application/amend.ts";
import type { Caller } from "../domain/access/caller.ts";
import { defined } from "../domain/defined.ts";
import { fingerprintOf, type IdempotencyRecord, judge, longAgo, operationBefore } from "../domain/http/idempotency.ts";
import { messageOf } from "../domain/messageOf.ts";
import { createOperationId } from "../domain/naming/operationId.ts";
import { Refusal } from "../domain/policy/refusal.ts";
import type { IdempotencyKeys } from "../ports/idempotencyKeys.ts";
import { logLine } from "../telemetry/logLine.ts";
import type { Answer } from "./respond.ts";

interface Asked {
  readonly request: HttpRequest;
  readonly by: Caller;
  /** The parsed body: fields in another order are the same request. */
  readonly body: unknown;
  readonly context: Pick<InvocationContext, "warn">;
}

export interface Attempt {
  /** The ID of what the request begins. */
  readonly operation: string;
  /** An earlier try, with unknown outcome, may have begun it. */
  readonly isRepeated: boolean;
}

/**
 * Answers a request with a key once, and repeats that answer when the request is repeated. A refusal is not kept: nothing was
 * done, and another try may end differently. `work` gets an ID for what it begins, the same at every try.
 */
export async function answerOnce(
  keys: IdempotencyKeys,
  { request, by, body, context }: Asked,
  work: (attempt: Attempt) => Promise<Answer>,
): Promise<Answer> {
  const now = new Date();
  const fresh = createOperationId(now);
  const key = readKey(request);
  if (key === undefined) return await work({ operation: fresh, isRepeated: false });
  const { pathname, search } = new URL(request.url);
  const fingerprint = fingerprintOf({ method: request.method, path: `${pathname}${search}`, body });
  const claimedTime = now.toISOString();
  const claimed = await claim(keys, { caller: by.id, key, fingerprint, claimedTime, operation: fresh });
  const { answer: kept } = claimed;
  if (kept) return { ...kept, headers: { ...kept.headers, "idempotency-replayed": "true", ...repeatability(request) } };

  const mine = { caller: by.id, key, claimedTime };
  const { operation = fresh } = claimed;
  const isRepeated = operation !== fresh;
  let answer: Answer;
  try {
    answer = await work({ operation, isRepeated });
  } catch (error) {
    const isUndone = error instanceof Refusal && !isRepeated;
    // After any other error, or if an earlier try may still be at work, it is unknown what was done: the next try gets the ID of
    // the operation that may have begun.
    const release = isUndone ? keys.release(mine) : keys.expire(mine, longAgo(Date.now()));
    await release.catch((cause: unknown) => logFailure(context, "key not released", cause));
    throw error;
  }
  const { status = 200, headers = {}, body: text } = answer;
  // The work is done even if this fails: the caller gets the answer, and a repetition is answered with the operation that it
  // finds.
  await keys
    .answer(mine, { status, headers, body: String(text ?? "") })
    .catch((cause: unknown) => logFailure(context, "answer not kept", cause));
  return { ...answer, headers: { ...headers, ...repeatability(request) } };
}

/** Without an answer, the key is now this request's; otherwise, the answer is the one given before. */
async function claim(
  keys: IdempotencyKeys,
  fresh: IdempotencyRecord,
): Promise<Pick<IdempotencyRecord, "answer" | "operation">> {
  const { record, change } = await amend({
    what: "The record of an idempotency key",
    read: async () => ({ current: await keys.find(fresh) }),
    next: ({ current }) => (current ? reuseExpired(current, fresh) : fresh),
    write: ({ current }, next) => (current ? keys.replace({ ...next, etag: current.etag }) : keys.insert(next)),
  });
  return change ?? { ...record.current };
}

/** Undefined when the first request was answered; refuses a key that is neither answered nor expired. */
function reuseExpired(current: IdempotencyRecord, fresh: IdempotencyRecord): IdempotencyRecord | undefined {
  const now = Date.now();
  switch (judge(current, fresh.fingerprint, now)) {
    case "expired": {
      const before = operationBefore(current, now);
      return { ...fresh, ...defined({ operation: before }) };
    }
    case "answered":
      return undefined;
    case "reused":
      throw new Refusal("IDEMPOTENCY_KEY_REUSED", `${reused} ${describeFirst(current)}`);
    case "inProgress":
      throw new Refusal("IDEMPOTENCY_IN_PROGRESS", "The first request with this idempotency key is being answered.");
  }
}

const reused = "This idempotency key was already used for a different request; this one did nothing.";

/** What became of the request that had the key first. */
function describeFirst({ answer }: IdempotencyRecord): string {
  if (!answer) return "The first one has no answer yet, and may have been carried out.";
  const place = answer.headers["operation-location"];
  return place === undefined
    ? `The first one was answered with ${answer.status}.`
    : `The first one was accepted: GET ${place} tells what became of it.`;
}

/** Undefined without one; refuses a malformed one, also where it is not needed. */
export function readKey({ headers }: Pick<HttpRequest, "headers">): string | undefined {
  const given = ["idempotency-key", "repeatability-request-id"].flatMap((name) => headers.get(name) ?? []);
  const [key, other = key] = given;
  if (key === undefined) return undefined;
  if (key !== other) {
    const message = "The headers Idempotency-Key and Repeatability-Request-ID have different keys; send one of them.";
    throw new Refusal("INVALID_REQUEST", message);
  }
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Refusal("INVALID_REQUEST", "The idempotency key has to be 1 to 255 visible ASCII characters.");
}

/** Azure's term for a key that was honoured (Microsoft REST API Guidelines, repeatability of requests). */
function repeatability({ headers }: HttpRequest): Record<string, string> {
  return headers.has("repeatability-request-id") ? { "repeatability-result": "accepted" } : {};
}

function logFailure(context: Pick<InvocationContext, "warn">, event: string, cause: unknown): void {
  context.warn(logLine(event, { reason: messageOf(cause) }));
}
