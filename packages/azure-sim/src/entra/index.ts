/**
 * Microsoft Entra's token service for the sandbox's tenant, over HTTPS, and the managed identity endpoint of a function
 * app. A client needs `authorityHost` (or AZURE_AUTHORITY_HOST) and `disableInstanceDiscovery: true`; without the latter,
 * MSAL asks login.microsoftonline.com whether it may trust this authority.
 */
import type { Call } from "../faults.ts";
import { type ErrorEffect, type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import type { World } from "../world.ts";
import { hour, mintAccessToken } from "./accessTokens.ts";
import { type ApiTokenRequest, mintApiToken } from "./apiTokens.ts";
import { type AppServiceIdentity, startAppServiceIdentities } from "./appServiceIdentity.ts";
import { type BrowserSignIn, createBrowserSignIn } from "./browserSignIn.ts";
import { EntraFailure, entraReply, errorReply, failures } from "./failures.ts";
import { exchangeAssertion } from "./federation.ts";
import { createIssuerKeys, type IssuerKeys } from "./issuerKeys.ts";

export { checkAccessToken, mintAccessToken } from "./accessTokens.ts";

export interface EntraSimulator extends Simulator {
  /** The value for AZURE_AUTHORITY_HOST. */
  readonly authorityHost: string;
  /** The issuer of v2.0 tokens; the discovery document is below it. */
  readonly issuer: string;
  /** How long the token endpoint does not see a new federated credential; minutes in Azure. */
  federationDelayMs: number;
  /** Single-page applications, and the people who sign in to them. */
  readonly browser: Pick<BrowserSignIn, "clients" | "people">;
  /** Settings for an app that runs as `clientId`, a principal of the world, and may also request the others. */
  appServiceIdentity(clientId: string, others?: readonly string[]): AppServiceIdentity;
  /** A v2.0 access token for an application of the tenant. */
  apiToken(request: ApiTokenRequest): Promise<string>;
}

export async function startEntra(
  context: SimulatorContext,
  { port, federationDelayMs = 0 }: { port?: number; federationDelayMs?: number } = {},
): Promise<EntraSimulator> {
  const { world, faults, tls } = context;
  const settings = { federationDelayMs, issuerKeys: createIssuerKeys(tls.certificate) };
  const apps = await startAppServiceIdentities(context);
  const browser = createBrowserSignIn(world);
  const server = await startHttpServer({
    tls,
    port,
    faults,
    open(request) {
      const [, tenant = "", ...rest] = request.url.pathname.split("/");
      const path = rest.join("/");
      const form = new URLSearchParams(request.body);
      const isToken = request.method === "POST" && path === "oauth2/v2.0/token";
      const cors = browser.corsHeaders(request.headers.origin);
      const answer = async (): Promise<HttpReply> => {
        if (tenant !== world.tenantId) throw failures.unknownTenant(tenant);
        if (request.method === "OPTIONS") return preflight();
        if (path === "oauth2/v2.0/authorize") return browser.authorize(request);
        if (!isToken) return describe(world, request, path);
        return await (browser.redeem(request, form, issuerAt(request)) ?? grant(world, form, settings));
      };
      const issuerAt = ({ url }: HttpRequest) => `${url.origin}/${world.tenantId}/v2.0`;
      return {
        call: isToken ? { wire: "entra", operation: "token", target: form.get("client_id") ?? "" } : metadataCall(path),
        run: async () => {
          try {
            return withHeaders(await answer(), cors);
          } catch (error) {
            if (error instanceof EntraFailure) return withHeaders(entraReply(error, world.now()), cors);
            throw error;
          }
        },
        fail: (effect) => scripted(effect, world),
      };
    },
  });

  const issuer = `${server.url}/${world.tenantId}/v2.0`;
  return {
    ...server,
    authorityHost: `${server.url}/`,
    issuer,
    browser,
    apiToken: (request) => mintApiToken(world, issuer, request),
    get federationDelayMs() {
      return settings.federationDelayMs;
    },
    set federationDelayMs(value) {
      settings.federationDelayMs = value;
    },
    appServiceIdentity: apps.attach,
    async close() {
      await Promise.all([server.close(), apps.close()]);
    },
  };
}

/** Access-Control-Allow-Origin is part of every answer, so it is not set here. */
function preflight(): HttpReply {
  return {
    status: 204,
    headers: { "access-control-allow-methods": "GET, POST", "access-control-allow-headers": "content-type" },
  };
}

function withHeaders(reply: HttpReply, headers: Readonly<Record<string, string>>): HttpReply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** The client-credentials grant with a federated assertion. Programs have no other grant: no client here has a secret. */
async function grant(
  world: World,
  form: URLSearchParams,
  { federationDelayMs, issuerKeys }: { federationDelayMs: number; issuerKeys: IssuerKeys },
): Promise<HttpReply> {
  const required = (name: string) => {
    const value = form.get(name);
    if (!value) throw failures.missingParameter(name);
    return value;
  };
  const grantType = required("grant_type");
  if (grantType !== "client_credentials") throw failures.unsupportedGrant(grantType);
  const scope = required("scope")
    .split(" ")
    .find((part) => part.endsWith("/.default"));
  if (!scope) throw failures.badScope(required("scope"));
  const clientId = required("client_id");
  if (form.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
    throw failures.missingParameter("client_assertion");
  }
  const assertion = required("client_assertion");
  const principal = await exchangeAssertion(world, { clientId, assertion, federationDelayMs, issuerKeys });
  // `https://x/.default` names the resource `https://x`, and `https://x//.default` the resource `https://x/`.
  const audience = scope.slice(0, -"/.default".length);
  return {
    status: 200,
    headers: { "cache-control": "no-store" },
    body: {
      token_type: "Bearer",
      expires_in: hour,
      ext_expires_in: hour,
      access_token: await mintAccessToken(world, principal, audience),
    },
  };
}

/** The documents that a service reads to validate tokens. */
function metadataCall(path: string): Call | undefined {
  if (path === "discovery/v2.0/keys") return { wire: "entra", operation: "keys", target: "" };
  if (path === "v2.0/.well-known/openid-configuration") return { wire: "entra", operation: "discovery", target: "" };
  return undefined;
}

function describe(world: World, { url }: HttpRequest, path: string): HttpReply {
  const base = `${url.origin}/${world.tenantId}`;
  switch (path) {
    case "v2.0/.well-known/openid-configuration":
      return {
        status: 200,
        body: {
          issuer: `${base}/v2.0`,
          authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
          token_endpoint: `${base}/oauth2/v2.0/token`,
          jwks_uri: `${base}/discovery/v2.0/keys`,
          token_endpoint_auth_methods_supported: ["private_key_jwt"],
          response_types_supported: ["code"],
          subject_types_supported: ["pairwise"],
          id_token_signing_alg_values_supported: ["RS256"],
        },
      };
    case "discovery/v2.0/keys":
      return { status: 200, body: { keys: [world.entraKey.publicJwk] } };
    default:
      return { status: 404, body: { error: "not_found", error_description: `There is no endpoint ${path}.` } };
  }
}

/** `code` is an AADSTS number, with or without the prefix. */
function scripted({ code, status, message, retryAfterSeconds }: ErrorEffect, world: World): HttpReply {
  const number = Number(String(code).replace(/^AADSTS/i, ""));
  return errorReply({
    number: Number.isNaN(number) ? 0 : number,
    error: "invalid_client",
    status: status ?? 401,
    message: message ?? "Scripted fault.",
    now: world.now(),
    headers: retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
  });
}
