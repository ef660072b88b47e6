/** How every call to ARM is made: limited in time, its errors translated, and a short throttle waited out. */
import { setTimeout as sleep } from "node:timers/promises";
import { TransientError } from "../../domain/errors.ts";
import { within } from "../within.ts";
import { isNotFound, toDomainError } from "./errors.ts";

export interface CallOptions {
  readonly abortSignal: AbortSignal;
}

export interface Caller {
  /** `doing` describes the call in error messages; each attempt waits for `turn` first. */
  call<T>(doing: string, send: (options: CallOptions) => Promise<T>, turn?: () => Promise<void>): Promise<T>;
  /** The same, but undefined for 404. */
  find<T>(
    doing: string,
    send: (options: CallOptions) => Promise<T>,
    turn?: () => Promise<void>,
  ): Promise<T | undefined>;
}

export interface CallerOptions {
  readonly timeoutMs: number;
  readonly patienceMs: number;
  /** Called after each 429. */
  readonly onThrottle?: () => void;
  /** What each attempt waits for if the call gives no `turn`. */
  readonly usualTurn?: () => Promise<void>;
}

export function createCaller({ timeoutMs, patienceMs, onThrottle, usualTurn }: CallerOptions): Caller {
  // The SDKs have no timeout, and their retry policy obeys any Retry-After, however long.
  async function attempt<T>(send: (options: CallOptions) => Promise<T>, doing: string, turn = usualTurn): Promise<T> {
    let waited = 0;
    for (let attempts = 1; ; attempts += 1) {
      try {
        await turn?.();
        return await within(timeoutMs, (abortSignal) => send({ abortSignal }));
      } catch (error) {
        const known = toDomainError(error, doing);
        if (known instanceof TransientError && known.code === "ARM_THROTTLED") onThrottle?.();
        const asked = throttleMs(known);
        if (asked === undefined) throw error;
        // Back off even if Retry-After is zero.
        const wait = Math.max(asked, 50 * 2 ** attempts);
        waited += wait;
        if (waited > patienceMs) throw error;
        await sleep(wait);
      }
    }
  }

  return {
    async call(doing, send, turn) {
      try {
        return await attempt(send, doing, turn);
      } catch (error) {
        throw toDomainError(error, doing);
      }
    },
    async find(doing, send, turn) {
      try {
        return await attempt(send, doing, turn);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw toDomainError(error, doing);
      }
    },
  };
}

/** Only the wait that Azure asks for; the durable runtime makes all other retries, where the status shows them. */
function throttleMs(error: unknown): number | undefined {
  if (!(error instanceof TransientError) || error.code !== "ARM_THROTTLED") return undefined;
  return error.retryAfterSeconds === undefined ? undefined : error.retryAfterSeconds * 1000;
}
