/** AMQP 1.0 over TLS on a loopback port, with claims-based security: what is there for clients, a service's nodes say. */
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import rhea, { type Connection } from "rhea";
import type { Certificate } from "../tls.ts";
import { writeAllFields } from "./rhea.ts";

/** A client's connection, below its links. */
export interface Line {
  /** False as soon as the connection is cut, before any event. */
  isConnected(): boolean;
  /** Ends the connection without a close frame. */
  cut(): void;
  /** Writes bytes that are not an AMQP frame. */
  sendGarbage(): void;
}

export interface AmqpServer {
  readonly port: number;
  /** Cuts every open connection, as when a gateway of the service is replaced. */
  cutConnections(): void;
  close(): Promise<void>;
}

interface Serving {
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  readonly tls: Certificate;
  readonly containerId: string;
  serve(connection: Connection, line: Line): void;
}

export async function startAmqpServer({ port = 0, tls, containerId, serve }: Serving): Promise<AmqpServer> {
  const sockets = new Set<TLSSocket>();
  const container = rhea.create_container({
    id: containerId,
    // The broker decides on outcomes.
    autoaccept: false,
    treat_modified_as_released: false,
    credit_window: 100,
    idle_time_out: 60_000,
  });
  // Clients of Azure's SDKs skip SASL or use ANONYMOUS; MSSBCBS means that claims follow on $cbs.
  container.sasl_server_mechanisms.enable_anonymous();
  container.sasl_server_mechanisms.MSSBCBS = container.sasl_server_mechanisms.ANONYMOUS;

  // The protocol exchanges small frames: without noDelay, each one waits 40 ms for an acknowledgement.
  const server = createServer({ cert: tls.certificate, key: tls.privateKey, noDelay: true }, (socket) => {
    sockets.add(socket);
    const connection = container.create_connection({
      port,
      reconnect: false,
      max_frame_size: 65_536,
      // A delivery that its receiver never settles prevents the slots after it from being freed; rhea's default is 2048.
      session_buffer_size: { incoming: 2048, outgoing: 65_536 },
    });
    socket.on("close", () => {
      sockets.delete(socket);
      // rhea listens only for `end` and `error`; a socket destroyed here emits neither, and its timers would keep running.
      connection["eof"]();
    });
    writeAllFields(connection);
    serve(connection, {
      isConnected: () => socket.writable,
      cut: () => socket.destroy(),
      sendGarbage: () => socket.end(Buffer.from("this is not AMQP, and the frame has no length\r\n")),
    });
    connection["accept"](socket);
  });
  // These are the only handles on unfinished handshakes, for which close() would wait.
  const rawSockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    rawSockets.add(socket);
    socket.once("close", () => rawSockets.delete(socket));
  });
  // Handshakes fail for the client's own reasons, such as a certificate that it does not trust.
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The AMQP listener has no port.");

  const cutConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cutConnections,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cutConnections();
      for (const socket of rawSockets) socket.destroy();
      await closed;
    },
  };
}
