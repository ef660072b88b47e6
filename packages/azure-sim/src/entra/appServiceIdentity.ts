/**
 * The managed identity endpoint inside an App Service or Function App (learn.microsoft.com "How to use managed
 * identities for App Service and Azure Functions", REST endpoint reference): IDENTITY_ENDPOINT and IDENTITY_HEADER. Its
 * older version, 2017-09-01, is the one that Azure CLI used for a long time; it calls them MSI_ENDPOINT and MSI_SECRET.
 */
import { randomUUID } from "node:crypto";
import { type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import type { SimulatorContext } from "../simulator.ts";
import { findPrincipal, type ServicePrincipal, type World } from "../world.ts";
import { day, mintAccessToken } from "./accessTokens.ts";

export interface AppServiceIdentity {
  /** The value of IDENTITY_ENDPOINT. */
  readonly endpoint: string;
  /** The value of IDENTITY_HEADER. */
  readonly header: string;
}

export interface AppServiceIdentities {
  /** Adds an app whose default identity is `clientId`; it may also request the others. */
  attach(clientId: string, others?: readonly string[]): AppServiceIdentity;
  close(): Promise<void>;
}

export async function startAppServiceIdentities({ world, faults }: SimulatorContext): Promise<AppServiceIdentities> {
  /** The client ids of each app's identities, by its secret header; the first is the default. */
  const apps = new Map<string, readonly string[]>();

  const server = await startHttpServer({
    faults,
    open(request) {
      const isOld = request.url.searchParams.get("api-version") === oldVersion;
      const clientIds = apps.get(String(request.headers[isOld ? "secret" : "x-identity-header"]));
      const choice =
        clientIds && choose(world, clientIds, isOld ? rename(request.url.searchParams) : request.url.searchParams);
      return {
        call: choice && { wire: "entra", operation: "token", target: choice.principal?.clientId ?? "" },
        run: () => (choice ? issue(request, choice) : refuse(401, "X-IDENTITY-HEADER is not this app's.")),
        fail: ({ code, status, message, retryAfterSeconds }) => ({
          ...refuse(status ?? (typeof code === "number" ? code : 500), message ?? `Scripted fault ${code}`),
          headers: retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
        }),
      };
    },
  });

  async function issue({ url }: HttpRequest, { principal, refusal }: Choice): Promise<HttpReply> {
    const resource = url.searchParams.get("resource");
    const version = url.searchParams.get("api-version") ?? "";
    if (url.pathname.replace(/\/$/, "") !== "/msi/token") return refuse(404, `There is no endpoint ${url.pathname}.`);
    if (version !== newVersion && version !== oldVersion)
      return refuse(400, `api-version must be ${newVersion} or ${oldVersion}.`);
    if (!resource) return refuse(400, "The parameter resource is missing.");
    if (!principal) return refuse(400, refusal);
    const expires = Math.floor(world.now().getTime() / 1000) + day;
    const token = {
      access_token: await mintAccessToken(world, principal, resource, { lifetimeSeconds: day }),
      resource,
      token_type: "Bearer",
    };
    return {
      status: 200,
      body:
        version === oldVersion
          ? { ...token, expires_on: printOldTime(expires) }
          : { ...token, expires_on: String(expires), client_id: principal.clientId },
    };
  }

  return {
    attach(clientId, others = []) {
      const header = randomUUID();
      apps.set(header, [clientId, ...others]);
      return { endpoint: `${server.url}/msi/token`, header };
    },
    close: server.close,
  };
}

const newVersion = "2019-08-01";
const oldVersion = "2017-09-01";

function rename(query: URLSearchParams): URLSearchParams {
  const renamed = new URLSearchParams(query);
  for (const value of query.getAll("clientid")) renamed.append("client_id", value);
  return renamed;
}

/** The format of App Service on Linux: `11/05/2021 15:18:31 +00:00`. */
function printOldTime(seconds: number): string {
  const [year, month, dayOfMonth, time] = new Date(seconds * 1000).toISOString().split(/[-T.]/);
  return `${month}/${dayOfMonth}/${year} ${time} +00:00`;
}

type Choice =
  | { readonly principal: ServicePrincipal; readonly refusal?: undefined }
  | { readonly principal?: undefined; readonly refusal: string };

/** The parameters by which a request may select an identity; principal_id and object_id are the same. */
const selectors: Readonly<
  Record<string, { property: string; of: (world: World, principal: ServicePrincipal) => string }>
> = {
  client_id: { property: "ClientId", of: (_world, { clientId }) => clientId },
  principal_id: { property: "PrincipalId", of: (_world, { principalId }) => principalId },
  object_id: { property: "PrincipalId", of: (_world, { principalId }) => principalId },
  mi_res_id: { property: "ResourceId", of: resourceIdOf },
};

/** The app's default identity, or the one that the request names, if it is assigned to the app. */
function choose(world: World, clientIds: readonly string[], query: URLSearchParams): Choice {
  const assigned = clientIds.flatMap((clientId) => findPrincipal(world, clientId) ?? []);
  const [name, ...others] = Object.keys(selectors).filter((each) => query.has(each));
  if (others.length > 0) return { refusal: `A request names one identity, not ${[name, ...others].join(" and ")}.` };
  const selector = name === undefined ? undefined : selectors[name];
  const wanted = query.get(name ?? "")?.toLowerCase();
  const principal = selector
    ? assigned.find((each) => wanted !== "" && selector.of(world, each).toLowerCase() === wanted)
    : assigned[0];
  if (principal) return { principal };
  const property = selector?.property ?? "ClientId";
  return { refusal: `No User Assigned or Delegated Managed Identity found for specified ${property}.` };
}

/** Empty for a principal that is not a resource of this world. */
function resourceIdOf({ identities }: World, { clientId }: ServicePrincipal): string {
  return identities.withClientId(clientId)?.id ?? "";
}

function refuse(status: number, message: string): HttpReply {
  return { status, body: { statusCode: status, message } };
}
