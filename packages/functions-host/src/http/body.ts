import type { IncomingMessage } from "node:http";

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

/** As long as Kestrel does, which Azure uses. */
const discardMs = 5_000;

/**
 * Reads and discards the rest of the request once the answer is sent: a client that is still sending does not read, so closing
 * the connection would lose the answer, and the next request on it would wait behind the rest. After a while the connection is
 * cut. `reading` settles when nothing else reads the body; until then it must not flow.
 */
export function discardRest(request: IncomingMessage, reading: Promise<unknown> = Promise.resolve()): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), discardMs);
  request.once("end", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
  const flow = () => void request.resume();
  reading.then(flow, flow);
}

/** By events: an async iterator over the request costs several times as much for the small bodies that most have. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  // Declared too large: nothing has to be read.
  if (Number(request.headers["content-length"] ?? 0) > limit) throw new BodyTooLarge();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else end(() => reject(new BodyTooLarge()));
  };
  const onEnd = () => end(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
  const onGone = (cause?: Error) => end(() => reject(new ClientGone("the client went away", { cause })));
  // The connection still has to carry the answer, so the request is left as it is.
  const end = (settle: () => void) => {
    request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone).pause();
    settle();
  };
  if (request.destroyed) onGone();
  else request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  return await promise;
}
