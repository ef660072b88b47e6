/** The few calls of the Kubernetes API that a kubelet makes, over the wire like any other client's. */
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";

export interface KubernetesApi {
  /** Undefined when there is no such object. */
  get(path: string): Promise<unknown>;
  /** Of a path that does not answer in JSON, such as /readyz. */
  getText(path: string): Promise<string>;
  post(path: string, body: unknown): Promise<unknown>;
  /** Undefined when there is no such object any more. */
  mergePatch(path: string, body: unknown): Promise<unknown>;
  /** Undefined when it is already gone. */
  remove(path: string, body: unknown): Promise<unknown>;
  /** Runs until the server ends the watch, or `signal` does. */
  watch(path: string, options: { signal: AbortSignal; onEvent: (event: unknown) => void }): Promise<void>;
  close(): void;
}

export interface ApiOptions {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The server closed an idle connection just when it was used again (nodejs.org, `request.reusedSocket`). */
class SocketClosed extends Error {
  override readonly name = "SocketClosed";

  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

export function createApi({ url, ca, token }: ApiOptions): KubernetesApi {
  const agent = new Agent({ keepAlive: true, ca });

  async function send(method: string, path: string, body?: unknown, contentType = "application/json") {
    const reply = await sendText(method, path, body, contentType);
    const parsed: unknown = reply === undefined ? undefined : JSON.parse(reply);
    return parsed;
  }

  async function sendText(method: string, path: string, body?: unknown, contentType?: string) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await open(method, path, { text, contentType });
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(Buffer.from(chunk));
    const reply = Buffer.concat(chunks).toString("utf8");
    const status = answer.statusCode ?? 0;
    if (status === 404) return undefined;
    if (status >= 300) throw new ApiError(status, `${method} ${path}: ${status} ${reply}`);
    return reply;
  }

  function open(
    method: string,
    path: string,
    {
      text,
      contentType,
      signal,
    }: { text?: string | undefined; contentType?: string | undefined; signal?: AbortSignal },
  ): Promise<IncomingMessage> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: "application/json" };
    if (text !== undefined) {
      if (contentType) headers["content-type"] = contentType;
      // Node announces the body of a DELETE only if told to; the server would take it for the next request.
      headers["content-length"] = String(Buffer.byteLength(text));
    }
    const sendOnce = () =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const sent = request(new URL(path, url), { method, headers, agent, ...(signal ? { signal } : {}) })
          .on("response", resolve)
          .on("error", (error) => {
            const isLost = sent.reusedSocket && method === "GET" && !signal?.aborted;
            reject(isLost ? new SocketClosed(error) : error);
          });
        sent.end(text);
      });
    // Each time, one that was kept is gone; a new one is not closed for that reason.
    const sendAgain = (): Promise<IncomingMessage> =>
      sendOnce().catch((error: unknown) => {
        if (error instanceof SocketClosed) return sendAgain();
        throw error;
      });
    return sendAgain();
  }

  return {
    get: (path) => send("GET", path),
    async getText(path) {
      const text = await sendText("GET", path);
      if (text === undefined) throw new ApiError(404, `GET ${path}: 404`);
      return text;
    },
    async post(path, body) {
      const created = await send("POST", path, body);
      if (created === undefined) throw new ApiError(404, `POST ${path}: 404`);
      return created;
    },
    mergePatch: (path, body) => send("PATCH", path, body, "application/merge-patch+json"),
    remove: (path, body) => send("DELETE", path, body),

    async watch(path, { signal, onEvent }) {
      const answer = await open("GET", path, { signal });
      if (answer.statusCode !== 200) {
        answer.resume();
        throw new ApiError(answer.statusCode ?? 0, `GET ${path}: ${answer.statusCode}`);
      }
      let rest = "";
      for await (const chunk of answer.setEncoding("utf8")) {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          if (line !== "") onEvent(JSON.parse(line));
        }
      }
    },

    close: () => agent.destroy(),
  };
}
