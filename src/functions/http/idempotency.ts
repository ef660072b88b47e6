import type { HttpRequest, InvocationContext } from "@azure/functions";
import type { Caller } from "../../domain/access/caller.ts";
import { fingerprintOf, type IdempotencyRecord, judge } from "../../domain/http/idempotency.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { logLine } from "../../domain/watching/logLine.ts";
import type { IdempotencyKeys } from "../../ports.ts";
import type { Answer } from "./respond.ts";

interface Asked {
  readonly request: HttpRequest;
  readonly by: Caller;
  /** As it was parsed: another order of fields is the same request. */
  readonly body: unknown;
  readonly context: Pick<InvocationContext, "warn">;
}

/**
 * Answers a request that comes with a key once, and its repetitions with the same answer. A refusal is not kept: nothing
 * was done, and asking again may have another end.
 */
export async function answerOnce(
  keys: IdempotencyKeys,
  { request, by, body, context }: Asked,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const key = readKey(request);
  if (key === undefined) return await work();
  const { pathname, search } = new URL(request.url);
  const fingerprint = fingerprintOf({ method: request.method, path: `${pathname}${search}`, body });
  const kept = await claim(keys, { caller: by.id, key, fingerprint, claimedTime: new Date().toISOString() });
  if (kept) return { ...kept, headers: { ...kept.headers, "idempotency-replayed": "true", ...repeatability(request) } };

  const mine = { caller: by.id, key };
  let answer: Answer;
  try {
    answer = await work();
  } catch (error) {
    await keys.release(mine).catch((cause: unknown) => warn(context, "key not released", cause));
    throw error;
  }
  const { status = 200, headers = {}, body: text } = answer;
  // What was done is done: the caller is told, and a repetition is answered by the operation that it finds.
  await keys
    .answer(mine, { status, headers, body: String(text ?? "") })
    .catch((cause: unknown) => warn(context, "answer not kept", cause));
  return { ...answer, headers: { ...headers, ...repeatability(request) } };
}

/** Undefined when the key is this request's now; else the answer that was given. */
async function claim(keys: IdempotencyKeys, fresh: IdempotencyRecord): Promise<IdempotencyRecord["answer"]> {
  for (;;) {
    const current = await keys.find(fresh);
    if (!current) {
      if (await keys.insert(fresh)) return undefined;
      continue;
    }
    switch (judge(current, fresh.fingerprint, Date.now())) {
      case "expired":
        if (await keys.replace({ ...fresh, etag: current.etag })) return undefined;
        break;
      case "answered":
        return current.answer;
      case "reused":
        throw new Refusal("IDEMPOTENCY_KEY_REUSED", "The idempotency key came with another request before.");
      case "inProgress":
        throw new Refusal("IDEMPOTENCY_IN_PROGRESS", "The first request with this idempotency key is being answered.");
    }
  }
}

function readKey({ headers }: HttpRequest): string | undefined {
  const key = headers.get("idempotency-key") ?? headers.get("repeatability-request-id");
  if (key === null) return undefined;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Refusal("INVALID_REQUEST", "The idempotency key has to be 1 to 255 visible ASCII characters.");
}

/** Azure's word for a key that was honoured (Microsoft REST API Guidelines, repeatability of requests). */
function repeatability({ headers }: HttpRequest): Record<string, string> {
  return headers.has("repeatability-request-id") ? { "repeatability-result": "accepted" } : {};
}

function warn(context: Pick<InvocationContext, "warn">, event: string, cause: unknown): void {
  context.warn(logLine(event, { reason: cause instanceof Error ? cause.message : String(cause) }));
}
