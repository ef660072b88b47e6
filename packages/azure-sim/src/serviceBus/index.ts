/** A Service Bus namespace on a loopback port: AMQP 1.0 over TLS, queues and topics in memory. */
import type { Delivery } from "rhea";
import { type Claim, createClaims, createTokenCheck } from "../amqp/claims.ts";
import { serveConnection } from "../amqp/connection.ts";
import type { Content } from "../amqp/content.ts";
import { createReplyLinks } from "../amqp/replyLinks.ts";
import { startAmqpServer } from "../amqp/server.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import type { ServicePrincipal } from "../world.ts";
import { createBroker, deadLetterSuffix, subscriptionPath, type TopicSettings } from "./broker.ts";
import { createClock } from "./clock.ts";
import { type EntityView, viewEntity } from "./inspect.ts";
import type { QueueSettings } from "./lifetimes.ts";
import { busNodes } from "./nodes.ts";
import type { BusPeer } from "./peer.ts";

export { BrokerError } from "../amqp/errors.ts";
export type { LockedMessage, QueuedMessage } from "./entries.ts";
export type { EntityView } from "./inspect.ts";
export { createQueue } from "./queue.ts";

export interface ServiceBusSettings {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Before the entity in the journal. */
  readonly namespace?: string;
  /** The namespace's address in Azure. */
  readonly host: string;
  readonly queues: readonly QueueSettings[];
  readonly topics: readonly TopicSettings[];
  /** Whether a principal may do that at the scope, below the namespace's ID; asked again for every link. */
  may(principal: ServicePrincipal, claim: Claim, scope: string): boolean;
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
  { port, namespace, host, queues, topics, may }: ServiceBusSettings,
): Promise<ServiceBusSimulator> {
  const broker = createBroker<Content>({ queues, topics }, createClock(world.now));
  const has = (path: string) => broker.find(path) !== undefined;
  const shared = {
    ...({ wire: "serviceBus", namespace, host, faults, broker, has } as const),
    checkToken: createTokenCheck(world, ["https://servicebus.azure.net"]),
    may: (principal: ServicePrincipal, claim: Claim, path: string) =>
      may(principal, claim, broker.find(path)?.scope ?? ""),
    deliveries: new Map<string, Delivery>(),
  };
  const server = await startAmqpServer({
    ...{ port, tls, containerId: "service-bus" },
    serve(connection, line) {
      const peer: BusPeer = { ...shared, ...line, claims: createClaims(), replyLinks: createReplyLinks() };
      serveConnection(connection, peer, busNodes(peer));
    },
  });

  const view = (path: string): EntityView => viewEntity(broker, path, path + deadLetterSuffix);
  return {
    url: `sb://localhost:${server.port}`,
    port: server.port,
    queue: view,
    subscription: (topic, name) => view(subscriptionPath(topic, name)),
    cutConnections: server.cutConnections,
    async close() {
      const closed = server.close();
      broker.close();
      await closed;
    },
  };
}
