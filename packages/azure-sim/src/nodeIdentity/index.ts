/**
 * The node's identity endpoint of aad-pod-identity (NMI), which replaces the instance metadata service. NMI knows its
 * caller by the pod's address. Here all pods share one address, so each gets its own listener, named by
 * AZURE_POD_IDENTITY_AUTHORITY_HOST.
 */
import { day, mintAccessToken } from "../entra/accessTokens.ts";
import { type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import type { World } from "../world.ts";
import { AssignedIdentity, chooseIdentity, type Pod } from "./assignedIdentity.ts";

export interface AttachedPod {
  /** The value of AZURE_POD_IDENTITY_AUTHORITY_HOST in the pod. */
  readonly authorityHost: string;
  detach(): Promise<void>;
}

export interface NodeIdentity {
  attachPod(pod: Pod): Promise<AttachedPod>;
  close(): Promise<void>;
}

export interface NodeIdentityOptions {
  /** The current AzureAssignedIdentity objects of a cluster. */
  readonly assignedIdentities: (cluster: string) => Iterable<unknown> | Promise<Iterable<unknown>>;
  /** Determines which of several identities a pod gets; tests seed it. */
  readonly random?: () => number;
}

export function startNodeIdentity(
  { world, faults }: Pick<SimulatorContext, "world" | "faults">,
  { assignedIdentities, random = Math.random }: NodeIdentityOptions,
): NodeIdentity {
  const listeners = new Set<Simulator>();

  async function answer(pod: Pod, { url, headers, method }: HttpRequest): Promise<HttpReply> {
    if (url.pathname.replace(/\/$/, "") !== "/metadata/identity/oauth2/token" || method !== "GET") {
      return { status: 404, body: `no endpoint ${method} ${url.pathname}` };
    }
    if (headers["metadata"] !== "true") return { status: 400, body: "request must have the header Metadata: true" };
    const resource = url.searchParams.get("resource");
    if (!resource) return { status: 400, body: "parameter resource cannot be empty" };
    const clientId = url.searchParams.get("client_id") ?? undefined;
    const assigned = [...(await assignedIdentities(pod.cluster))].map((object) => AssignedIdentity.parse(object));
    const choice = chooseIdentity(assigned, pod, { clientId, random });
    const where = `for pod:${pod.namespace}/${pod.pod}`;
    // NMI waits for up to 80 s and 20 s before it gives these two answers; here the caller retries instead.
    if (choice.outcome === "none") return { status: 403, body: `no AzureAssignedIdentity found ${where}` };
    if (choice.outcome === "pending") {
      return { status: 404, body: `no AzureAssignedIdentity found ${where} in assigned state` };
    }
    return issue(world, { ...choice, resource });
  }

  return {
    async attachPod(pod) {
      const listener = await startHttpServer({
        faults,
        open: (request) => ({
          call: { wire: "nodeIdentity", operation: "token", target: `${pod.cluster}/${pod.namespace}/${pod.pod}` },
          run: () => answer(pod, request),
          fail: ({ code, status, message, retryAfterSeconds }) => ({
            status: status ?? (typeof code === "number" ? code : 500),
            headers: retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
            body: message ?? `scripted fault ${code}`,
          }),
        }),
      });
      listeners.add(listener);
      return {
        authorityHost: listener.url,
        async detach() {
          if (listeners.delete(listener)) await listener.close();
        },
      };
    },
    async close() {
      await Promise.all([...listeners].map((listener) => listener.close()));
      listeners.clear();
    },
  };
}

/** NMI asks the host's metadata service, which knows only identities that are assigned to the machine. */
async function issue(
  world: World,
  { resourceId, clientId, resource }: { resourceId: string; clientId: string; resource: string },
): Promise<HttpReply> {
  const identity = world.identities.get(resourceId.toLowerCase());
  if (!identity || identity.clientId.toLowerCase() !== clientId.toLowerCase()) {
    return {
      status: 403,
      body: `failed to acquire token: the machine has no identity ${resourceId} with client id ${clientId}`,
    };
  }
  const now = Math.floor(world.now().getTime() / 1000);
  return {
    status: 200,
    body: {
      access_token: await mintAccessToken(world, identity, resource, { lifetimeSeconds: day }),
      refresh_token: "",
      // Strings, because NMI passes on the metadata service's answer.
      expires_in: String(day),
      expires_on: String(now + day),
      not_before: String(now),
      resource,
      token_type: "Bearer",
    },
  };
}
