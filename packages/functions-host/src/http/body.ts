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

const mostHeld = 4 * 1024 * 1024;
const small = 32 * 1024;
/** A sender that lets its place wait for so long gives it to another until its next piece. */
const idleMs = 20;

/**
 * Reads few large bodies at a time, from their first pieces to their answers: reading is faster than answering, and many that arrive at once
 * would all be in memory together. Those that send slowly take places only while they send.
 */
export function createReadBody(): ReadBody {
  let held = 0;
  /** What each may need. */
  const places = new Map<IncomingMessage, { readonly bytes: number; readonly idle: NodeJS.Timeout }>();
  const waiting = new Map<IncomingMessage, number>();
  const enter = (request: IncomingMessage, bytes: number) => {
    held += bytes;
    places.set(request, { bytes, idle: setTimeout(() => leave(request), idleMs) });
  };
  const leave = (request: IncomingMessage) => {
    const place = places.get(request);
    clearTimeout(place?.idle);
    held -= place?.bytes ?? 0;
    places.delete(request);
    waiting.delete(request);
    for (const [next, bytes] of waiting) {
      if (held > 0 && held + bytes > mostHeld) return;
      waiting.delete(next);
      enter(next, bytes);
      next.resume();
    }
  };
  return async (request, response, limit) => {
    // Declared too large: nothing has to be read.
    const declared = Number(request.headers["content-length"] ?? limit);
    if (declared > limit) throw new BodyTooLarge();
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= small) return;
      const place = places.get(request);
      if (place) place.idle.refresh();
      else if (held === 0 || held + declared <= mostHeld) enter(request, declared);
      else {
        request.pause();
        waiting.set(request, declared);
      }
    };
    try {
      await receiveBody(request, { limit, take });
    } catch (error) {
      leave(request);
      throw error;
    }
    clearTimeout(places.get(request)?.idle);
    if (response.closed) leave(request);
    else response.once("close", () => leave(request));
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
