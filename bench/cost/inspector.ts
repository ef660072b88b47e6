/** The inspector of another Node process, over its socket. */
import { once } from "node:events";

export interface Inspector {
  call<R = unknown>(method: string, params?: object): Promise<R>;
  close(): void;
}

/** `url` is the address that a process with --inspect prints. */
export async function connectInspector(url: string): Promise<Inspector> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  let last = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(String(data)) as {
      id?: number;
      result?: unknown;
      error?: { message: string };
    };
    const call = id === undefined ? undefined : waiting.get(id);
    if (!call) return;
    waiting.delete(id as number);
    if (error) call.reject(new Error(error.message));
    else call.resolve(result as never);
  });
  return {
    call: (method, params = {}) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        socket.send(JSON.stringify({ id: last, method, params }));
      }),
    close: () => socket.close(),
  };
}
