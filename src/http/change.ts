/**
 * A request that changes something has one of the limited places while it is being answered. It releases the place while its
 * body arrives, because that takes as long as its sender likes.
 */
import type { Arriving } from "./callers/bodyLimit.ts";
import type { Receive } from "./declaration.ts";

export interface Change {
  /** Runs while the request has no place. */
  readonly receive: Receive;
  /** Can be called more than once. */
  end(): void;
}

export function beginChange({
  acquirePlace,
  beginBody,
}: {
  /** Returns a function that releases the place. */
  readonly acquirePlace: () => () => void;
  readonly beginBody: () => Arriving;
}): Change {
  let release = acquirePlace();
  return {
    async receive(read) {
      release();
      const body = beginBody();
      try {
        const received = await read(body.signal);
        release = acquirePlace();
        return received;
      } finally {
        body.done();
      }
    },
    end: () => release(),
  };
}
