import type { IncomingMessage, ServerResponse } from "node:http";

export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";

  constructor() {
    super("the request's body is larger than FUNCTIONS_REQUEST_BODY_SIZE_LIMIT allows");
  }
}

/** The client went away before its request was whole. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

export class BodyTooSlow extends Error {
  override readonly name = "BodyTooSlow";

  constructor() {
    super(`the request's body arrives at less than ${leastRate.bytesPerSecond} bytes a second`);
  }
}

/** Kestrel's MinRequestBodyDataRate. It sets no limit to how long a body may take at that rate. */
const leastRate = { bytesPerSecond: 240, graceSeconds: 5 };

/** As long as Kestrel does, which Azure uses. */
const discardMs = 5_000;

/**
 * Reads and discards the rest of the request once the answer is sent: a client that is still sending does not read, so closing
 * the connection would lose the answer, and the next request on it would wait behind the rest. After a while the connection is
 * cut. Nothing else may read the body any more.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), discardMs);
  request.once("end", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
  request.resume();
}

/** Reads a body whose length is known, or whose function gets all of it at once, in the pieces in which it came. */
export type ReadBody = (
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
) => Promise<readonly Buffer[]>;

const mostHeld = 8 * 1024 * 1024;
const small = 32 * 1024;

/**
 * While bodies that wait for their answers are many, no more is read of other large ones: reading is faster than answering, and a
 * burst would fill the memory. What a slow sender has sent does not count.
 */
export function createReadBody(): ReadBody {
  let held = 0;
  const paused = new Set<IncomingMessage>();
  const resumeNext = () => {
    const [next] = paused;
    if (held > mostHeld || !next) return;
    paused.delete(next);
    next.resume();
  };
  return async (request, response, limit) => {
    // Declared too large: nothing has to be read.
    if (Number(request.headers["content-length"] ?? 0) > limit) throw new BodyTooLarge();
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= small || held <= mostHeld) return;
      request.pause();
      paused.add(request);
    };
    try {
      await receiveBody(request, { limit, take });
    } catch (error) {
      paused.delete(request);
      resumeNext();
      throw error;
    }
    if (response.closed) resumeNext();
    else {
      held += size;
      response.once("close", () => {
        held -= size;
        resumeNext();
      });
    }
    return chunks;
  };
}

/**
 * Gives each chunk to `take`, which may pause the request, until the end of the body. By events: an async iterator over the request
 * costs several times as much for the small bodies that most have.
 */
export async function receiveBody(
  request: IncomingMessage,
  { limit, take }: { readonly limit: number; take(chunk: Buffer): void },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let [size, seconds] = [0, 0];
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) take(chunk);
    else end(() => reject(new BodyTooLarge()));
  };
  const onEnd = () => end(resolve);
  const onGone = (cause?: Error) => end(() => reject(new ClientGone("the client went away", { cause })));
  const checkRate = setInterval(() => {
    if (request.isPaused()) return;
    seconds += 1;
    if (seconds > leastRate.graceSeconds && size / seconds < leastRate.bytesPerSecond)
      end(() => reject(new BodyTooSlow()));
  }, 1_000);
  // The connection still has to carry the answer, so the request is left as it is.
  const end = (settle: () => void) => {
    clearInterval(checkRate);
    request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone).pause();
    settle();
  };
  if (request.destroyed) onGone();
  else request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  await promise;
}
