/** How every call to ARM is made: bounded in time, its error named, and a short throttle waited out. */
import { setTimeout as sleep } from "node:timers/promises";
import { TransientError } from "../../domain/errors.ts";
import { isNotFound, toDomainError } from "./errors.ts";

export interface CallOptions {
  readonly abortSignal: AbortSignal;
}

export interface Caller {
  /** `doing` names the thing, for the error message; `turn` is waited for before each try. */
  call<T>(doing: string, send: (options: CallOptions) => Promise<T>, turn?: () => Promise<void>): Promise<T>;
  /** Undefined instead of 404. */
  find<T>(
    doing: string,
    send: (options: CallOptions) => Promise<T>,
    turn?: () => Promise<void>,
  ): Promise<T | undefined>;
}

export interface CallerOptions {
  readonly timeoutMs: number;
  readonly patienceMs: number;
  /** Told of each 429. */
  readonly onThrottle?: () => void;
  /** Waited for before each try of whoever gives no other. */
  readonly usualTurn?: () => Promise<void>;
}

export function createCaller({ timeoutMs, patienceMs, onThrottle, usualTurn }: CallerOptions): Caller {
  // The SDKs have no time-out of their own, and their retry policy obeys any Retry-After, however long.
  async function attempt<T>(send: (options: CallOptions) => Promise<T>, doing: string, turn = usualTurn): Promise<T> {
    let waited = 0;
    for (let attempts = 1; ; attempts += 1) {
      try {
        await turn?.();
        return await send({ abortSignal: AbortSignal.timeout(timeoutMs) });
      } catch (error) {
        const known = toDomainError(error, doing);
        if (known instanceof TransientError && known.code === "ARM_THROTTLED") onThrottle?.();
        const asked = throttleMs(known);
        if (asked === undefined) throw error;
        // A Retry-After of zero is no leave to hammer.
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

/** Only what Azure itself asked to wait; every other retry belongs to the durable runtime, where the status shows it. */
function throttleMs(error: unknown): number | undefined {
  if (!(error instanceof TransientError) || error.code !== "ARM_THROTTLED") return undefined;
  return error.retryAfterSeconds === undefined ? undefined : error.retryAfterSeconds * 1000;
}
