import { randomUUID } from "node:crypto";
import tls from "node:tls";
import { ManagedIdentityCredential } from "@azure/identity";
import { ServiceBusClient } from "@azure/service-bus";
import { SignJWT } from "jose";
import { createFaults } from "../../../azure-sim/src/faults.ts";
import { type ServiceBusSimulator, startServiceBus } from "../../../azure-sim/src/serviceBus/index.ts";
import { createCertificate } from "../../../azure-sim/src/tls.ts";
import { createWorld } from "../../../azure-sim/src/world.ts";
import { startIdentityEndpoint } from "./identityEndpoint.ts";

export const queueName = "onboarding-requests";

/** A simulated namespace that can be stopped and restarted on its port, and an identity that may use it. */
export async function openNamespace() {
  const world = await createWorld();
  const certificate = await createCertificate();
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), certificate.certificate]);
  const clientId = randomUUID();
  world.servicePrincipals.set(clientId, { displayName: "mooring", clientId, principalId: randomUUID() });
  const context = { world, faults: createFaults(), tls: certificate };
  const start = (port = 0) =>
    startServiceBus(context, {
      port,
      queues: [{ name: queueName, lockDurationSeconds: 2, maxDeliveryCount: 3 }],
      topics: [],
      host: "mooring-dev.servicebus.windows.net",
      may: (principal) => principal.clientId === clientId,
    });
  let broker: ServiceBusSimulator = await start();
  const { port, url } = broker;

  const identity = await startIdentityEndpoint(async () => {
    const expiresOnTimestamp = Date.now() + 3_600_000;
    const exp = Math.floor(expiresOnTimestamp / 1000);
    const token = await new SignJWT({ aud: "https://servicebus.azure.net", tid: world.tenantId, appid: clientId, exp })
      .setProtectedHeader({ alg: "RS256", kid: world.entraKey.kid })
      .sign(world.entraKey.privateKey);
    return { token, expiresOnTimestamp };
  });

  return {
    clientId,
    tokenRequests: identity.requests,
    settings: {
      ...identity.settings,
      Messages__fullyQualifiedNamespace: "mooring-dev.servicebus.windows.net",
      Messages__customEndpointAddress: url,
      Messages__clientId: clientId,
    },
    queue: () => broker.queue(queueName),
    cutConnections: () => broker.cutConnections(),
    takeDown: () => broker.close(),
    async bringUp() {
      broker = await start(port);
    },
    /** A client of the same identity; the identity endpoint's settings must be in the environment. */
    createClient: () =>
      new ServiceBusClient("mooring-dev.servicebus.windows.net", new ManagedIdentityCredential({ clientId }), {
        customEndpointAddress: url,
      }),
    async close() {
      await identity.close();
      await broker.close();
    },
  };
}
