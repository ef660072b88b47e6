import type { TokenCredential } from "@azure/identity";
import type { ServiceBusClient } from "@azure/service-bus";
import { defined } from "../../domain/defined.ts";

export interface NamespaceSettings {
  readonly credential: TokenCredential;
  /** `name.servicebus.windows.net` */
  readonly fullyQualifiedNamespace: string;
  /** `sb://host:port` if the namespace is not reachable under its own name, such as behind a gateway. */
  readonly customEndpointAddress?: string | undefined;
  /** How long one attempt may take. Default 5000. */
  readonly attemptTimeoutMs?: number;
}

export interface LazyClient<Entity> {
  /** Connects on first use. One sender or receiver stays open; the SDK reconnects it when the connection breaks. */
  use(): Promise<Entity>;
  /** Abandons a client that hangs; the next use opens another. */
  discard(): void;
  close(): Promise<void>;
}

export function openLazily<Entity>(
  settings: NamespaceSettings,
  open: (client: ServiceBusClient) => Entity,
): LazyClient<Entity> {
  let opened: Promise<{ client: ServiceBusClient; entity: Entity }> | undefined;

  async function connect() {
    // Lazily: loading the SDK takes longer than starting the rest of the app.
    const { RetryMode, ServiceBusClient } = await import("@azure/service-bus");
    const { credential, fullyQualifiedNamespace, customEndpointAddress, attemptTimeoutMs = 5000 } = settings;
    const client = new ServiceBusClient(fullyQualifiedNamespace, credential, {
      ...defined({ customEndpointAddress }),
      retryOptions: {
        maxRetries: 3,
        retryDelayInMs: 200,
        maxRetryDelayInMs: 2000,
        mode: RetryMode.Exponential,
        // The SDK does not notice a broken connection while it waits for the answer to a send: only this ends the wait, and
        // its default is a minute.
        timeoutInMs: attemptTimeoutMs,
      },
    });
    return { client, entity: open(client) };
  }

  async function end(): Promise<void> {
    const ending = opened;
    opened = undefined;
    await (await ending)?.client.close();
  }

  return {
    async use() {
      opened ??= connect();
      return (await opened).entity;
    },
    discard() {
      // It is abandoned because it does not answer, so a failure to close it does not matter.
      end().catch(() => {});
    },
    close: end,
  };
}
