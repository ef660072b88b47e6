import type { IncomingMessage } from "node:http";

export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/** The client went away before its request was whole. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/** As long as Kestrel, which is Azure's, goes on. */
const discardMs = 5_000;

/**
 * Takes what is still on its way when the answer is there, and keeps none of it: whoever is sending does not read, and the
 * answer would be lost with the connection; and the next request on it would wait behind the rest. Not for ever: then the
 * connection is cut. `reading` settles when nobody else reads the body: as long as somebody does, it does not flow.
 */
export function discardRest(request: IncomingMessage, reading: Promise<unknown> = Promise.resolve()): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), discardMs);
  request.once("end", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
  const flow = () => void request.resume();
  reading.then(flow, flow);
}

export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  // Said beforehand: nothing of it has to be read.
  if (Number(request.headers["content-length"] ?? 0) > limit) throw new BodyTooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // The connection has the answer still to carry.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > limit) throw new BodyTooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BodyTooLarge) throw error;
    throw new ClientGone("the client went away", { cause: error });
  }
  return Buffer.concat(chunks);
}
