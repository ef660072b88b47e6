/** An Event Hubs namespace on a loopback port: AMQP 1.0 over TLS, events in memory. */
import { type Claim, createClaims, createTokenCheck } from "../amqp/claims.ts";
import { serveConnection } from "../amqp/connection.ts";
import { createReplyLinks } from "../amqp/replyLinks.ts";
import { startAmqpServer } from "../amqp/server.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import type { ServicePrincipal } from "../world.ts";
import { createHub, type Hub } from "./hub.ts";
import { hubNodes } from "./nodes.ts";
import { type HubsPeer, noHub } from "./peer.ts";

export interface EventHubsSettings {
  /** Before the hub in the journal. */
  readonly namespace: string;
  /** The namespace's address in Azure. */
  readonly host: string;
  /** The names of the hubs. */
  readonly hubs: readonly string[];
  /** Whether a principal may do that at the scope, below the namespace's ID; asked again for every link. */
  may(principal: ServicePrincipal, claim: Claim, scope: string): boolean;
}

export interface EventHubsSimulator extends Simulator {
  /** By name in lower case. */
  readonly hubs: ReadonlyMap<string, Hub>;
}

export async function startEventHubs(
  { world, faults, tls }: SimulatorContext,
  { namespace, host, hubs: hubNames, may }: EventHubsSettings,
): Promise<EventHubsSimulator> {
  const hubs = new Map(hubNames.map((name) => [name.toLowerCase(), createHub(name, world.now)]));
  const look = (path: string) => hubs.get((path.split("/")[0] ?? "").toLowerCase());
  const shared = {
    ...({ wire: "eventHubs", namespace, host, faults } as const),
    has: (path: string) => look(path) !== undefined,
    find(path: string) {
      const found = look(path);
      if (!found) throw noHub(path);
      return found;
    },
    checkToken: createTokenCheck(world, ["https://eventhubs.azure.net", "https://servicebus.azure.net"]),
    may: (principal: ServicePrincipal, claim: Claim, path: string) => may(principal, claim, scopeOf(path)),
  };
  const server = await startAmqpServer({
    ...{ tls, containerId: "mooring-event-hubs" },
    serve(connection, line) {
      const peer: HubsPeer = { ...shared, ...line, claims: createClaims(), replyLinks: createReplyLinks() };
      serveConnection(connection, peer, hubNodes(peer));
    },
  });
  return { url: `sb://localhost:${server.port}`, port: server.port, hubs, close: () => server.close() };
}

/** Of a path in the namespace, as Azure Resource Manager names it: a partition has no scope of its own. */
function scopeOf(path: string): string {
  const [, hub = "", group] = /^([^/]+)(?:\/ConsumerGroups\/([^/]+))?/i.exec(path) ?? [];
  return group === undefined ? `eventhubs/${hub}` : `eventhubs/${hub}/consumergroups/${group}`;
}
