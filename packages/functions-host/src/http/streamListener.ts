/**
 * The SDK's listener for streamed HTTP binds to every interface, serves anyone and is never closed. Node announces each
 * listener before it is bound (diagnostics channel `net.server.listen`), which lets the host keep this one on loopback and
 * close it with the app.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server as HttpServer } from "node:http";
import { Server } from "./nodeHttp.ts";

const channel = "tracing:net.server.listen:asyncStart";

/** Runs `work`; the HTTP servers that it starts listen on loopback, and `close` closes them. */
export async function keepOnLoopback<T>(work: () => Promise<T>): Promise<{ result: T; close: () => void }> {
  const servers: HttpServer[] = [];
  const onListen = (message: unknown): void => {
    if (!isListen(message)) return;
    message.options["host"] = "127.0.0.1";
    servers.push(message.server);
  };
  subscribe(channel, onListen);
  try {
    const result = await work();
    return {
      result,
      close() {
        for (const server of servers) server.close().closeAllConnections();
      },
    };
  } finally {
    unsubscribe(channel, onListen);
  }
}

function isListen(message: unknown): message is { server: HttpServer; options: Record<string, unknown> } {
  if (typeof message !== "object" || message === null || !("server" in message) || !("options" in message))
    return false;
  return message.server instanceof Server && typeof message.options === "object";
}
