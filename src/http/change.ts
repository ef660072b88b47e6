/**
 * A request that changes something has one of the limited places while it is being answered. It gives the place back while its
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
  takePlace,
  beginBody,
}: {
  /** Returns a function that gives the place back. */
  readonly takePlace: () => () => void;
  readonly beginBody: () => Arriving;
}): Change {
  let leave = takePlace();
  return {
    async receive(read) {
      leave();
      const body = beginBody();
      try {
        const received = await read(body.signal);
        leave = takePlace();
        return received;
      } finally {
        body.done();
      }
    },
    end: () => leave(),
  };
}
