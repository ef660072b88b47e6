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

export interface ServiceBusSettings {
  /** Default 0: any free port. */
  readonly port?: number;
  readonly queues: readonly QueueSettings[];
  readonly topics: readonly TopicSettings[];
  /** Client ids of the principals that may send and listen; read anew for every token. */
  readonly authorized: ReadonlySet<string>;
}

export interface ServiceBusSimulator extends Simulator {
  /** Throws when there is no such queue. */
  queue(name: string): EntityView;
  subscription(topic: string, name: string): EntityView;
  /** Cuts every open connection, as a gateway of the service does when it is replaced. */
  cutConnections(): void;
}

export async function startServiceBus(
  { world, faults, tls }: SimulatorContext,
  { port = 0, queues, topics, authorized }: ServiceBusSettings,
): Promise<ServiceBusSimulator> {
  const broker = createBroker<Content>({ queues, topics }, createClock(world.now));
  const checkToken = await createTokenCheck(world, authorized);
  const deliveries = new Map<string, Delivery>();
  const sockets = new Set<TLSSocket>();
  const container = rhea.create_container({
    id: "mooring-service-bus",
    // Outcomes are for the broker to decide.
    autoaccept: false,
    treat_modified_as_released: false,
    credit_window: 100,
    idle_time_out: 60_000,
  });
  // Clients of @azure/service-bus skip SASL or say ANONYMOUS; MSSBCBS means "my claims come through $cbs".
  container.sasl_server_mechanisms.enable_anonymous();
  container.sasl_server_mechanisms.MSSBCBS = container.sasl_server_mechanisms.ANONYMOUS;

  // Small frames go back and forth: without noDelay each waits 40 ms for an acknowledgement.
  const server = createServer({ cert: tls.certificate, key: tls.privateKey, noDelay: true }, (socket) => {
    sockets.add(socket);
    const connection = container.create_connection({
      port,
      reconnect: false,
      // A delivery that its receiver never settles keeps the slots behind it from being freed; rhea's default is 2048.
      session_buffer_size: { incoming: 2048, outgoing: 65_536 },
    });
    socket.on("close", () => {
      sockets.delete(socket);
      // rhea listens for `end` and `error` only; a socket that was destroyed here has neither, and its timers would stay.
      connection["eof"]();
    });
    serveConnection(connection, {
      broker,
      faults,
      checkToken,
      deliveries,
      claims: createClaims(),
      replyLinks: new Map(),
      isConnected: () => socket.writable,
      cut: () => socket.destroy(),
      sendGarbage: () => socket.end(Buffer.from("this is not AMQP, and the frame has no length\r\n")),
    });
    connection["accept"](socket);
  });
  // Of a handshake that is not over nothing else is known, and close() would wait for it.
  const rawSockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    rawSockets.add(socket);
    socket.once("close", () => rawSockets.delete(socket));
  });
  // Handshakes fail for reasons of the client's own, such as a certificate that it does not trust.
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
