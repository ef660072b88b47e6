/** Service Bus on a loopback port: AMQP 1.0 over TLS, queues and topics in memory. */
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import rhea, { type Delivery } from "rhea";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import { createBroker, deadLetterSuffix, subscriptionPath, type TopicSettings } from "./broker.ts";
import { createClaims, createTokenCheck } from "./claims.ts";
import { createClock } from "./clock.ts";
import { serveConnection } from "./connection.ts";
import { type EntityView, viewEntity } from "./inspect.ts";
import type { Content } from "./messages.ts";
import type { QueueSettings } from "./queue.ts";
import { createReplyLinks } from "./replyLinks.ts";

export interface ServiceBusSettings {
  /** Default 0: any free port. */
  readonly port?: number;
  readonly queues: readonly QueueSettings[];
  readonly topics: readonly TopicSettings[];
  /** Client ids of the principals that may send and listen; read again for every token. */
  readonly authorized: Pick<ReadonlySet<string>, "has">;
}

export interface ServiceBusSimulator extends Simulator {
  /** Throws if there is no such queue. */
  queue(name: string): EntityView;
  subscription(topic: string, name: string): EntityView;
  /** Cuts every open connection, as when a gateway of the service is replaced. */
  cutConnections(): void;
}

export async function startServiceBus(
  { world, faults, tls }: SimulatorContext,
  { port = 0, queues, topics, authorized }: ServiceBusSettings,
): Promise<ServiceBusSimulator> {
  const broker = createBroker<Content>({ queues, topics }, createClock(world.now));
  const checkToken = createTokenCheck(world, authorized);
  const deliveries = new Map<string, Delivery>();
  const sockets = new Set<TLSSocket>();
  const container = rhea.create_container({
    id: "mooring-service-bus",
    // The broker decides on outcomes.
    autoaccept: false,
    treat_modified_as_released: false,
    credit_window: 100,
    idle_time_out: 60_000,
  });
  // Clients with @azure/service-bus skip SASL or use ANONYMOUS; MSSBCBS means that claims follow on $cbs.
  container.sasl_server_mechanisms.enable_anonymous();
  container.sasl_server_mechanisms.MSSBCBS = container.sasl_server_mechanisms.ANONYMOUS;

  // The protocol exchanges small frames: without noDelay, each one waits 40 ms for an acknowledgement.
  const server = createServer({ cert: tls.certificate, key: tls.privateKey, noDelay: true }, (socket) => {
    sockets.add(socket);
    const connection = container.create_connection({
      port,
      reconnect: false,
      // A delivery that its receiver never settles prevents the slots after it from being freed; rhea's default is 2048.
      session_buffer_size: { incoming: 2048, outgoing: 65_536 },
    });
    socket.on("close", () => {
      sockets.delete(socket);
      // rhea listens only for `end` and `error`; a socket destroyed here emits neither, and its timers would keep running.
      connection["eof"]();
    });
    serveConnection(connection, {
      broker,
      faults,
      checkToken,
      deliveries,
      claims: createClaims(),
      replyLinks: createReplyLinks(),
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
  if (address === null || typeof address === "string") throw new Error("The Service Bus listener has no port.");

  const view = (path: string): EntityView => viewEntity(broker, path, path + deadLetterSuffix);
  const cutConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `sb://localhost:${address.port}`,
    port: address.port,
    queue: view,
    subscription: (topic, name) => view(subscriptionPath(topic, name)),
    cutConnections,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cutConnections();
      for (const socket of rawSockets) socket.destroy();
      broker.close();
      await closed;
    },
  };
}
