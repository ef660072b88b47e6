/**
 * The managed identity endpoint inside an App Service or Function App (learn.microsoft.com "How to use managed
 * identities for App Service and Azure Functions", REST endpoint reference): IDENTITY_ENDPOINT and IDENTITY_HEADER.
 */
import { randomUUID } from "node:crypto";
import { type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import type { SimulatorContext } from "../simulator.ts";
import { findPrincipal } from "../world.ts";
import { day, mintAccessToken } from "./accessTokens.ts";

export interface AppServiceIdentity {
  /** Value of IDENTITY_ENDPOINT. */
  readonly endpoint: string;
  /** Value of IDENTITY_HEADER. */
  readonly header: string;
}

export interface AppServiceIdentities {
  /** An app whose identity is `clientId` when a request names none. */
  attach(clientId: string): AppServiceIdentity;
  close(): Promise<void>;
}

export async function startAppServiceIdentities({ world, faults }: SimulatorContext): Promise<AppServiceIdentities> {
  /** Client id by secret header. */
  const apps = new Map<string, string>();

  const server = await startHttpServer({
    faults,
    open(request) {
      const { searchParams } = request.url;
      const app = apps.get(String(request.headers["x-identity-header"]));
      const clientId = searchParams.get("client_id") ?? app;
      return {
        call: clientId ? { wire: "entra", operation: "token", target: clientId } : undefined,
        run: () => (app && clientId ? issue(request, clientId) : refuse(401, "X-IDENTITY-HEADER is not this app's.")),
        fail: ({ code, status, message, retryAfterSeconds }) => ({
          ...refuse(status ?? (typeof code === "number" ? code : 500), message ?? `Scripted fault ${code}`),
          headers: retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
        }),
      };
    },
  });

  async function issue({ url }: HttpRequest, clientId: string): Promise<HttpReply> {
    const resource = url.searchParams.get("resource");
    if (url.pathname !== "/msi/token") return refuse(404, `There is no endpoint ${url.pathname}.`);
    if (url.searchParams.get("api-version") !== "2019-08-01") return refuse(400, "api-version must be 2019-08-01.");
    if (!resource) return refuse(400, "The parameter resource is missing.");
    const principal = findPrincipal(world, clientId);
    if (!principal) {
      return refuse(400, "No User Assigned or Delegated Managed Identity found for specified ClientId.");
    }
    return {
      status: 200,
      body: {
        access_token: await mintAccessToken(world, principal, resource, { lifetimeSeconds: day }),
        expires_on: String(Math.floor(world.now().getTime() / 1000) + day),
        resource,
        token_type: "Bearer",
        client_id: clientId,
      },
    };
  }

  return {
    attach(clientId) {
      const header = randomUUID();
      apps.set(header, clientId);
      return { endpoint: `${server.url}/msi/token`, header };
    },
    close: server.close,
  };
}

function refuse(status: number, message: string): HttpReply {
  return { status, body: { statusCode: status, message } };
}
