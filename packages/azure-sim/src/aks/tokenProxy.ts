/**
 * The token proxy of a cluster with identity bindings, at which pods exchange their service account's token instead of at Entra. Azure
 * documents what a client sends (the SDKs' `enableAzureProxy`) and who is let through, but not the answers; these are Entra's own, and a
 * 403 for what the cluster's roles do not allow.
 */
import { z } from "zod";
import { mintAccessToken } from "../entra/index.ts";
import { type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import { automaticCredential, type Identity, principalOf, type World } from "../world.ts";
import type { ClusterApi } from "./object.ts";
import { bindingAudience, type TokenProxyAddress } from "./workloadIdentity.ts";

export interface TokenProxy extends Simulator {
  readonly address: TokenProxyAddress;
}

const TokenReview = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    user: z.object({ username: z.string().default(""), groups: z.array(z.string()).default([]) }).prefault({}),
  }),
});
type Account = z.infer<typeof TokenReview>["status"]["user"];

const AccessReview = z.object({ status: z.object({ allowed: z.boolean() }) });

const hour = 3599;

/** Who sends the request to the proxy, and not to Entra, is refused by this. */
class ProxyRefusal extends Error {
  readonly status: number;
  readonly error: string;

  constructor(status: number, error: string, message: string) {
    super(message);
    this.status = status;
    this.error = error;
  }
}

export async function startTokenProxy(
  { world, faults, tls }: SimulatorContext,
  {
    cluster,
    clusterId,
    api,
    authorityHost,
  }: { cluster: string; clusterId: string; api: Asking; authorityHost: () => string },
): Promise<TokenProxy> {
  const sniName = `${cluster}.identity-binding.sandbox`;

  async function exchange(form: URLSearchParams): Promise<HttpReply> {
    const clientId = form.get("client_id") ?? "";
    const account = await review(api, form.get("client_assertion") ?? "");
    if (!account) {
      throw new ProxyRefusal(401, "invalid_client", "The token is not one of this cluster for its identity bindings.");
    }
    if (!(await mayUse(api, account, clientId))) {
      const why = `${account.username} cannot use-managed-identity resource "${clientId}" in API group "cid.wi.aks.azure.com"`;
      throw new ProxyRefusal(403, "unauthorized_client", why);
    }
    const identity = boundIdentity(world, { clusterId, clientId });
    const scope = (form.get("scope") ?? "").split(" ").find((part) => part.endsWith("/.default")) ?? "";
    const accessToken = await mintAccessToken(world, principalOf(identity), scope.slice(0, -"/.default".length));
    return {
      status: 200,
      headers: { "cache-control": "no-store" },
      body: { token_type: "Bearer", expires_in: hour, ext_expires_in: hour, access_token: accessToken },
    };
  }

  async function answer({ method, url, body, serverName }: HttpRequest): Promise<HttpReply> {
    // As a front that serves several names, it knows only what it is asked for by name.
    if (serverName !== sniName)
      throw new ProxyRefusal(421, "invalid_request", `No server ${serverName ?? "without a name"}.`);
    const [, tenant = "", ...rest] = url.pathname.split("/");
    if (tenant !== world.tenantId)
      throw new ProxyRefusal(400, "invalid_request", `AADSTS90002: Tenant '${tenant}' not found.`);
    const path = rest.join("/");
    if (method === "POST" && path === "oauth2/v2.0/token") return await exchange(new URLSearchParams(body));
    if (path === "v2.0/.well-known/openid-configuration") return discovery();
    return { status: 404, body: { error: "not_found" } };
  }

  /** Entra's own: a client compares the issuer with the authority that it knows. */
  function discovery(): HttpReply {
    const base = `${authorityHost()}${world.tenantId}`;
    const body = {
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    };
    return { status: 200, body };
  }

  const server = await startHttpServer({
    tls,
    faults,
    open(request) {
      const isToken = request.method === "POST";
      const target = new URLSearchParams(request.body).get("client_id") ?? "";
      return {
        call: isToken ? { wire: "entra", operation: "token", target } : undefined,
        async run() {
          try {
            return await answer(request);
          } catch (error) {
            if (!(error instanceof ProxyRefusal)) throw error;
            return { status: error.status, body: { error: error.error, error_description: error.message } };
          }
        },
        fail: ({ status = 503, message = "Scripted fault." }) => ({
          status,
          body: { error: "temporarily_unavailable", error_description: message },
        }),
      };
    },
  });
  return { ...server, address: { url: server.url, sniName, ca: tls.certificate } };
}

type Asking = Pick<ClusterApi, "post">;

async function review(api: Asking, token: string): Promise<Account | undefined> {
  if (token === "") return undefined;
  const answer = await api.post("/apis/authentication.k8s.io/v1/tokenreviews", {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token, audiences: [bindingAudience] },
  });
  const { authenticated, user } = TokenReview.parse(answer).status;
  return authenticated ? user : undefined;
}

async function mayUse(api: Asking, { username, groups }: Account, clientId: string): Promise<boolean> {
  const resourceAttributes = { verb: "use-managed-identity", group: "cid.wi.aks.azure.com", resource: clientId };
  const answer = await api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user: username, groups, resourceAttributes },
  });
  return AccessReview.parse(answer).status.allowed;
}

function boundIdentity(world: World, { clusterId, clientId }: { clusterId: string; clientId: string }): Identity {
  const identity = world.identities.withClientId(clientId);
  const prefix = `${clusterId}/`.toLowerCase();
  const isBound = [...world.identityBindings].some(
    ([id, binding]) => id.startsWith(prefix) && binding.clientId === clientId && binding.state === "Succeeded",
  );
  if (!identity || !isBound) {
    throw new ProxyRefusal(
      403,
      "unauthorized_client",
      `No identity binding of this cluster binds the identity ${clientId}.`,
    );
  }
  if (identity.federatedCredentials.has(automaticCredential)) return identity;
  const why = "AADSTS700211: No matching federated identity record found for presented assertion issuer.";
  throw new ProxyRefusal(401, "invalid_client", why);
}
