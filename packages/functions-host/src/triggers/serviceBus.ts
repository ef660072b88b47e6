/** Service Bus queues, peek-locked, through the real SDK. */
import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { RegisteredFunction } from "../app.ts";
import { ConfigurationError } from "../configurationError.ts";
import type { HostJson } from "../hostJson.ts";
import { messageOf } from "../messageOf.ts";
import { keepLocked } from "./lockRenewal.ts";
import { createServiceBusClient } from "./serviceBusConnection.ts";
import { createReporter, describeError } from "./serviceBusErrors.ts";
import { toInvocationInput } from "./serviceBusMessage.ts";
import { freeSlotLater, settle } from "./serviceBusSettling.ts";
import type { Listener, TriggerContext } from "./trigger.ts";

type ServiceBusSettings = HostJson["extensions"]["serviceBus"];

interface Subscription {
  readonly definition: RegisteredFunction;
  readonly connection: string;
  readonly queue: string;
  readonly completes: boolean;
}

/** Checks every binding first; `start` connects in the background and keeps trying while the broker is away. */
export function createServiceBusListeners(context: TriggerContext, settings: ServiceBusSettings) {
  const subscriptions = context.functions
    .filter(({ trigger }) => trigger.type.toLowerCase() === "servicebustrigger")
    .map((definition) => describe(definition, settings));
  const clients = new Map<string, ServiceBusClient>();
  for (const { connection, definition } of subscriptions) {
    try {
      if (!clients.has(connection)) clients.set(connection, createServiceBusClient(connection, context.settings));
    } catch (error) {
      const reason = messageOf(error);
      throw new ConfigurationError(`Function "${definition.name}" cannot connect to Service Bus: ${reason}`);
    }
  }
  return {
    start(): Listener {
      const listeners = subscriptions.flatMap((subscription) => {
        const client = clients.get(subscription.connection);
        return client === undefined ? [] : [listen(client, { subscription, context, settings })];
      });
      return {
        async close() {
          await Promise.all(listeners.map((each) => each.close()));
          await Promise.all([...clients.values()].map((client) => client.close()));
        },
      };
    },
  };
}

function describe(definition: RegisteredFunction, settings: ServiceBusSettings): Subscription {
  const { queueName, connection, isSessionsEnabled, cardinality, dataType, sdkBinding } = definition.trigger;
  const refuse = (reason: string) => {
    throw new ConfigurationError(
      `Function "${definition.name}" has a serviceBusTrigger that cannot be served: ${reason}`,
    );
  };
  if (isSessionsEnabled === true)
    refuse("this host does not support sessions; leave out isSessionsEnabled, or run the app in Azure");
  if (sdkBinding === true)
    refuse("this host does not serve sdkBinding; read the message from the input and its metadata");
  if (String(cardinality).toLowerCase() === "many")
    refuse("this host delivers no batches; leave out cardinality, or start the app with Azure Functions Core Tools");
  if (String(dataType).toLowerCase() === "binary")
    refuse("this host delivers text; leave out dataType, or start the app with Azure Functions Core Tools");
  if (typeof queueName !== "string" || queueName === "")
    refuse("this host serves queues only; give queueName, or start the app with Azure Functions Core Tools");
  const { autoCompleteMessages } = definition.trigger;
  return {
    definition,
    connection: typeof connection === "string" && connection !== "" ? connection : "ServiceBus",
    queue: String(queueName),
    completes: typeof autoCompleteMessages === "boolean" ? autoCompleteMessages : settings.autoCompleteMessages,
  };
}

function listen(
  client: ServiceBusClient,
  {
    subscription,
    context,
    settings,
  }: { subscription: Subscription; context: TriggerContext; settings: ServiceBusSettings },
): Listener {
  const { definition, queue } = subscription;
  const facts = { function: definition.name, entity: queue };
  const options = { receiveMode: "peekLock", skipParsingBodyAsJson: true, maxAutoLockRenewalDurationInMs: 0 } as const;
  const receiver = client.createReceiver(queue, options);
  const running = new Set<Promise<void>>();
  const tellOnce = createReporter((error, source) => {
    context.log.warn("calls to Service Bus fail; trying again", {
      ...facts,
      source,
      ...describeError(error),
    });
  });

  context.log.info("listening on Service Bus", facts);
  const subscribed = receiver.subscribe(
    {
      async processMessage(message) {
        tellOnce.reset();
        const work = serve(receiver, {
          message,
          subscription,
          context,
          maxLockMs: settings.maxAutoLockRenewalDuration,
        });
        running.add(work);
        await work.finally(() => running.delete(work));
      },
      async processError({ error, errorSource }) {
        tellOnce.report(error, errorSource);
      },
    },
    { autoCompleteMessages: false, maxConcurrentCalls: settings.maxConcurrentCalls },
  );
  return {
    async close() {
      await subscribed.close().catch(() => {});
      while (running.size > 0) await Promise.race(running);
      await receiver.close().catch(() => {});
    },
  };
}

interface Serving {
  readonly message: ServiceBusReceivedMessage;
  readonly subscription: Subscription;
  readonly context: TriggerContext;
  readonly maxLockMs: number;
}

/** Never rejects: the SDK would abandon the message a second time. */
async function serve(
  receiver: ServiceBusReceiver,
  { message, subscription, context, maxLockMs }: Serving,
): Promise<void> {
  const { definition, completes } = subscription;
  const facts = { function: definition.name, messageId: String(message.messageId) };
  const lock = keepLocked(receiver, message, {
    maxMs: maxLockMs,
    onError: (error) =>
      context.log.warn("a message's lock could not be renewed", { ...facts, ...describeError(error) }),
  });
  const settling = { receiver, log: context.log, function: definition.name };
  try {
    await context.invoke(definition, toInvocationInput(message));
    lock.stop();
    if (completes) await settle(message, "complete", settling);
    else freeSlotLater(message, settling);
  } catch {
    // The reason is in the log with the invocation's id; the message is delivered again.
    lock.stop();
    await settle(message, "abandon", settling);
  }
}
