/**
 * The body of a request, as far as it has arrived when its invocation begins. The real host reads a JSON body whole before that,
 * and takes binding data from its properties. Here the body streams on; only one that arrives in a piece is looked at.
 */
import type { IncomingMessage } from "node:http";

const largestLookedAt = 64 * 1024;

/** The top-level properties of a small JSON body; none for any other body. The body can still be read. */
export async function readProperties(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const length = Number(request.headers["content-length"] ?? 0);
  const isJson = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(request.headers["content-type"] ?? "");
  if (!isJson || length === 0 || length > largestLookedAt) return {};
  await begun(request);
  const chunk: Buffer | null = request.read();
  if (chunk === null) return {};
  request.unshift(chunk);
  return chunk.byteLength === length ? parseObject(chunk.toString()) : {};
}

/** Resolves when something can be read, or nothing more will come. */
async function begun(request: IncomingMessage): Promise<void> {
  if (request.readableLength > 0 || request.destroyed || request.complete) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      request.off("readable", done).off("end", done).off("close", done).off("error", done);
      resolve();
    };
    request.on("readable", done).on("end", done).on("close", done).on("error", done);
  });
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    // The app refuses it.
    return {};
  }
}
