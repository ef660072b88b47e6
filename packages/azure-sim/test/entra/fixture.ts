/** A small world for tests of the simulated Azure APIs: one cluster, one identity, and a certificate that this process trusts. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { SignJWT } from "jose";
import { createFaults } from "../../src/faults.ts";
import type { SimulatorContext } from "../../src/simulator.ts";
import { createCertificate } from "../../src/tls.ts";
import {
  type Cluster,
  createSigningKey,
  createWorld,
  type FederatedCredential,
  type Identity,
  type World,
} from "../../src/world.ts";

export const tokenAudience = "api://AzureADTokenExchange";

export async function createContext(options: { now?: () => Date } = {}): Promise<SimulatorContext> {
  const certificate = await createCertificate();
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), certificate.certificate]);
  return { world: await createWorld(options), faults: createFaults(), tls: certificate };
}

export async function addCluster(world: World, name: string): Promise<Cluster> {
  const cluster: Cluster = {
    name,
    oidcIssuer: `https://westeurope.oic.prod-aks.azure.com/${world.tenantId}/${randomUUID()}/`,
    serviceAccountKey: await createSigningKey(),
    nodeResourceGroup: `MC_rg-${name}_${name}_westeurope`,
    location: "westeurope",
    administrators: new Set(),
    hasPodIdentity: true,
    hasWorkloadIdentityWebhook: true,
  };
  world.clusters.set(name, cluster);
  return cluster;
}

export function addIdentity(world: World, name: string, credentials: readonly FederatedCredential[] = []): Identity {
  const resourceGroup = "rg-identities";
  const id = `/subscriptions/${world.subscriptionId}/resourcegroups/${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  const identity: Identity = {
    id,
    name,
    subscriptionId: world.subscriptionId,
    resourceGroup,
    location: "westeurope",
    tags: {},
    clientId: randomUUID(),
    principalId: randomUUID(),
    createdAt: world.now(),
    federatedCredentials: new Map(credentials.map((credential) => [credential.name.toLowerCase(), credential])),
  };
  world.identities.set(id.toLowerCase(), identity);
  return identity;
}

export async function signServiceAccountToken(
  cluster: Pick<Cluster, "oidcIssuer" | "serviceAccountKey">,
  { subject, audience = tokenAudience, now = new Date() }: { subject: string; audience?: string; now?: Date },
): Promise<string> {
  const seconds = Math.floor(now.getTime() / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: "RS256", kid: cluster.serviceAccountKey.kid })
    .setIssuer(cluster.oidcIssuer)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt(seconds)
    .setNotBefore(seconds)
    .setExpirationTime(seconds + 3600)
    .sign(cluster.serviceAccountKey.privateKey);
}

/** Writes the file that a kubelet would have projected into the pod. */
export async function writeTokenFile(token: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "mooring-token-"));
  const path = join(folder, "token");
  await writeFile(path, token);
  return { path, remove: () => rm(folder, { recursive: true }) };
}
