/** A running cluster for tests, simulated unless MOORING_API_SERVER is `real`, and clients that connect to it over HTTPS. */
import { request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import * as k8s from "@kubernetes/client-node";
import { SignJWT } from "jose";
import { createKubernetes } from "../../../../src/adapters/kubernetes/index.ts";
import type { ClusterTarget } from "../../../../src/domain/catalog/catalog.ts";
import type { Kubernetes } from "../../../../src/ports/kubernetes.ts";
import { createFaults } from "../../../azure-sim/src/faults.ts";
import { createCertificate } from "../../../azure-sim/src/tls.ts";
import { type Cluster, createSigningKey, createWorld, type SigningKey } from "../../../azure-sim/src/world.ts";
import { startCluster as start } from "../../src/cluster/index.ts";
import type { KubernetesOptions } from "../../src/kubernetes/index.ts";

/** The client id of the cluster's administrator. */
const administrator = "11111111-2222-4333-8444-555555555555";
export const objectOf = (clientId: string) => `object-of-${clientId}`;

interface Options {
  readonly traits?: Partial<Cluster>;
  readonly simulator?: Omit<KubernetesOptions, "cluster">;
  readonly now?: () => Date;
}

export type TestCluster = Awaited<ReturnType<typeof startCluster>>;

export async function startCluster({ traits = {}, simulator: options = {}, now }: Options = {}) {
  const world = await createWorld(now === undefined ? {} : { now });
  const cluster: Cluster = {
    name: "aks-dev",
    oidcIssuer: "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/",
    serviceAccountKey: await createSigningKey(),
    nodeResourceGroup: "MC_dev",
    location: "westeurope",
    administrators: new Set([administrator]),
    hasPodIdentity: true,
    hasWorkloadIdentityWebhook: true,
    ...traits,
  };
  world.clusters.set(cluster.name, cluster);
  for (const clientId of [...cluster.administrators, ...(cluster.roles?.keys() ?? [])]) {
    world.servicePrincipals.set(clientId, { clientId, principalId: objectOf(clientId), displayName: clientId });
  }
  const faults = createFaults();
  const tls = await createCertificate();
  const simulator = await start({ world, faults, tls }, { ...options, cluster: cluster.name });

  async function entraToken(
    { appid = administrator, aud = "6dae42f8-4368-4678-94ff-3960e28e3630" }: { appid?: string; aud?: string } = {},
    { key = world.entraKey, expiresIn = 3600 }: { key?: SigningKey; expiresIn?: number } = {},
  ): Promise<string> {
    const issuedAt = Math.floor(world.now().getTime() / 1000);
    return new SignJWT({ appid, oid: objectOf(appid), tid: world.tenantId })
      .setProtectedHeader({ alg: "RS256", kid: key.kid })
      .setIssuer(`https://sts.windows.net/${world.tenantId}/`)
      .setAudience(aud)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + expiresIn)
      .sign(key.privateKey);
  }

  function configFor(token: string): k8s.KubeConfig {
    const config = new k8s.KubeConfig();
    const caData = Buffer.from(tls.certificate).toString("base64");
    const server = { name: cluster.name, server: simulator.url, caData, skipTLSVerify: false };
    config.loadFromClusterAndUser(server, { name: "test", token });
    return config;
  }

  const token = await entraToken();
  const config = configFor(token);
  const objects = k8s.KubernetesObjectApi.makeApiClient(config);
  const target: ClusterTarget = {
    kind: "aks",
    alias: "aks-dev",
    apiServer: simulator.url,
    certificateAuthority: tls.certificate,
    subscriptionId: world.subscriptionId,
    identityResourceGroup: cluster.nodeResourceGroup,
    location: cluster.location,
    identityModes: ["workloadIdentity"],
    network: {
      policies: "kubernetes",
      login: { hosts: ["login.microsoftonline.com"], port: 443 },
      tokenProxy: { port: 443 },
    },
  };

  return {
    world,
    cluster,
    faults,
    tls,
    simulator,
    target,
    token,
    entraToken,
    config,
    configFor,
    objects,
    core: config.makeApiClient(k8s.CoreV1Api),
    custom: config.makeApiClient(k8s.CustomObjectsApi),

    /** Server-side apply. */
    apply(
      object: k8s.KubernetesObject,
      manager: string,
      { force, dryRun }: { force?: boolean; dryRun?: boolean } = {},
    ): Promise<k8s.KubernetesObject> {
      const all = dryRun === true ? "All" : undefined;
      return objects.patch(object, undefined, all, manager, force, k8s.PatchStrategy.ServerSideApply);
    },

    create(object: k8s.KubernetesObject): Promise<k8s.KubernetesObject> {
      return objects.create(object);
    },

    async createNamespace(name: string): Promise<void> {
      await objects.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    },

    /** A request without a client library, which would hide headers, unusual media types and malformed bodies. */
    request(
      method: string,
      path: string,
      options: { body?: unknown; headers?: Record<string, string>; token?: string } = {},
    ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }> {
      return new Promise((resolve, reject) => {
        const { body } = options;
        const isWritten = body === undefined || typeof body === "string" || Buffer.isBuffer(body);
        const text = isWritten ? body : JSON.stringify(body);
        const headers = {
          // Node sends the body of a DELETE without its length.
          ...(text === undefined ? {} : { "content-length": String(Buffer.byteLength(text)) }),
          authorization: `Bearer ${options.token ?? token}`,
          "content-type": "application/json",
          ...options.headers,
        };
        const request = httpsRequest(
          `${simulator.url}${path}`,
          { method, headers, ca: tls.certificate },
          (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk) => chunks.push(chunk));
            response.on("error", reject);
            response.on("end", () =>
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                text: Buffer.concat(chunks).toString("utf8"),
              }),
            );
          },
        );
        request.setTimeout(30_000, () => request.destroy(new Error(`No answer within 30 s: ${method} ${path}`)));
        request.on("error", reject);
        request.end(text);
      });
    },
  };
}

/** Returns the Status from a client library's exception. */
export async function failureOf(promise: Promise<unknown>): Promise<{
  code: number;
  reason?: string;
  message: string;
  details?: { causes?: { reason: string; field: string; message: string }[]; retryAfterSeconds?: number };
}> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof k8s.ApiException)) throw error;
    // The generated clients discard the body of a 401.
    return { message: "", ...JSON.parse(error.body ?? "{}"), code: error.code };
  }
  throw new Error("It was expected to fail, and succeeded.");
}

/** The service's own way to it, as the administrator. */
export function kubernetesOf({ token }: Pick<TestCluster, "token">): Kubernetes {
  const getToken = async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
  return createKubernetes({ credential: { getToken } });
}

/** Waits until `look` returns a value. */
export async function eventually<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  // A real cluster retries some things only after 10 or 20 s.
  const deadline = Date.now() + 45_000;
  while (Date.now() < deadline) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(10);
  }
  throw new Error(`Not seen within 45 s: ${look.toString()}`);
}
