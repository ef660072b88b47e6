/** A namespace and a client that trusts it, for the Service Bus wire tests. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { type ServiceBusClient as Client, ServiceBusClient, type ServiceBusClientOptions } from "@azure/service-bus";
import { SignJWT } from "jose";
import { createFaults, type Faults } from "../../src/faults.ts";
import { type ServiceBusSettings, type ServiceBusSimulator, startServiceBus } from "../../src/serviceBus/index.ts";
import { createCertificate } from "../../src/tls.ts";
import { createWorld, type World } from "../../src/world.ts";

export const namespaceHost = "mooring-dev.servicebus.windows.net";

export interface Sandbox {
  readonly world: World;
  readonly faults: Faults;
  readonly serviceBus: ServiceBusSimulator;
  readonly clientId: string;
  readonly authorized: Set<string>;
  credential(claims?: Record<string, unknown>): TestCredential;
  client(options?: ServiceBusClientOptions & { credential?: TestCredential }): Client;
  closeClients(): Promise<void>;
  close(): Promise<void>;
}

export interface TestCredential {
  /** The scopes that were requested. */
  readonly scopes: string[];
  getToken(scopes: string | string[]): Promise<{ token: string; expiresOnTimestamp: number }>;
}

export async function openSandbox(settings: Partial<ServiceBusSettings> = {}): Promise<Sandbox> {
  const world = await createWorld();
  const certificate = await createCertificate();
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), certificate.certificate]);
  const faults = createFaults();
  const clientId = randomUUID();
  world.servicePrincipals.set(clientId, { displayName: "mooring", clientId, principalId: randomUUID() });
  const authorized = new Set<string>([clientId]);
  const serviceBus = await startServiceBus(
    { world, faults, tls: certificate },
    {
      ...{ host: namespaceHost, queues: [{ name: "onboarding-requests" }], topics: [] },
      may: (principal) => authorized.has(principal.clientId),
      ...settings,
    },
  );
  const clients: Client[] = [];

  function credential(claims: Record<string, unknown> = {}): TestCredential {
    const scopes: string[] = [];
    return {
      scopes,
      async getToken(scope) {
        scopes.push(...[scope].flat());
        const expiresOnTimestamp = Date.now() + 3_600_000;
        const token = await new SignJWT({
          aud: "https://servicebus.azure.net",
          tid: world.tenantId,
          appid: clientId,
          exp: Math.floor(expiresOnTimestamp / 1000),
          ...claims,
        })
          .setProtectedHeader({ alg: "RS256", kid: world.entraKey.kid })
          .sign(world.entraKey.privateKey);
        return { token, expiresOnTimestamp };
      },
    };
  }

  async function closeClients(): Promise<void> {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  }

  return {
    world,
    faults,
    serviceBus,
    clientId,
    authorized,
    credential,
    client({ credential: own = credential(), ...options } = {}) {
      // timeoutInMs is also how long the SDK waits for the answer to a send whose connection was cut in the meantime.
      const client = new ServiceBusClient(namespaceHost, own, {
        customEndpointAddress: serviceBus.url,
        retryOptions: { maxRetries: 2, retryDelayInMs: 50, timeoutInMs: 5000 },
        ...options,
      });
      clients.push(client);
      return client;
    },
    closeClients,
    async close() {
      await closeClients();
      await serviceBus.close();
    },
  };
}

/** Waits until the condition holds. */
export async function until(condition: () => boolean, { withinMs = 60_000 } = {}): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`It never came true: ${condition.toString()}`);
    await sleep(10);
  }
}
