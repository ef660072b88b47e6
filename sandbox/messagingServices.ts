/** The Service Bus and Event Hubs namespaces of the catalog's targets: a listener for each, with the entities that the catalog names. */

import { type DataService, mayDo } from "../packages/azure-sim/src/dataRights.ts";
import { type EventHubsSimulator, startEventHubs } from "../packages/azure-sim/src/eventHubs/index.ts";
import {
  type ServiceBusSettings,
  type ServiceBusSimulator,
  startServiceBus,
} from "../packages/azure-sim/src/serviceBus/index.ts";
import type { SimulatorContext } from "../packages/azure-sim/src/simulator.ts";
import type { World } from "../packages/azure-sim/src/world.ts";
import type { Catalog } from "../src/domain/catalog/catalog.ts";

type Targets = Catalog["targets"];

export interface Namespace {
  /** Of the resource. */
  readonly id: string;
  readonly name: string;
}

export type BusNamespace = Namespace & ServiceBusSimulator;
export type HubsNamespace = Namespace & EventHubsSimulator;

interface Naming {
  readonly id: string;
  readonly targets: Targets;
}

/** A subscription to try, in every topic. */
const usualSubscription = "all";

const actions = { Send: "send", Listen: "receive" } as const;

/** Whether roles in Azure allow it, at a scope below the namespace or above. */
export function byRoles(world: World, service: DataService, id: string): ServiceBusSettings["may"] {
  return (principal, claim, scope) =>
    mayDo(world, principal, { action: `${service}/${actions[claim]}`, scope: scope === "" ? id : `${id}/${scope}` });
}

export async function startBusNamespace(context: SimulatorContext, { id, targets }: Naming): Promise<BusNamespace> {
  const queues = new Set<string>();
  const topics = new Map<string, Set<string>>();
  for (const target of Object.values(targets)) {
    if (target.kind !== "serviceBus" || target.resourceId.toLowerCase() !== id.toLowerCase()) continue;
    const { queue, topic, subscription } = target;
    if (queue !== undefined) queues.add(queue);
    if (topic === undefined) continue;
    const subscriptions = topics.get(topic) ?? new Set([usualSubscription]);
    topics.set(topic, subscription === undefined ? subscriptions : subscriptions.add(subscription));
  }
  const name = id.split("/").at(-1) ?? "";
  const simulator = await startServiceBus(context, {
    ...{ namespace: name, host: `${name}.servicebus.windows.net` },
    may: byRoles(context.world, "serviceBus", id),
    queues: [...queues].map((each) => ({ name: each })),
    topics: [...topics].map(([each, subscriptions]) => ({
      name: each,
      subscriptions: [...subscriptions].map((subscription) => ({ name: subscription })),
    })),
  });
  return { ...simulator, id, name };
}

export async function startHubsNamespace(context: SimulatorContext, { id, targets }: Naming): Promise<HubsNamespace> {
  const hubs = Object.values(targets).flatMap((target) =>
    target.kind === "eventHubs" && target.resourceId.toLowerCase() === id.toLowerCase() ? (target.eventHub ?? []) : [],
  );
  const name = id.split("/").at(-1) ?? "";
  const simulator = await startEventHubs(context, {
    ...{ namespace: name, host: `${name}.servicebus.windows.net`, hubs: [...new Set(hubs)] },
    may: byRoles(context.world, "eventHubs", id),
  });
  return { ...simulator, id, name };
}

/** Where clients reach them, as no name in Azure leads here: variables of pods, and of a shell, which samples/verify-app reads, too. */
export function variablesOf(prefix: string, namespaces: Iterable<Namespace & { readonly url: string }>) {
  const entries = [...namespaces].map(
    ({ name, url }) => [`${prefix}_CUSTOM_ENDPOINT_${toVariable(name)}`, url] as const,
  );
  return Object.fromEntries(entries);
}

export function toVariable(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
}
