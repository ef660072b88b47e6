/** What an application gets for a code or a refresh token. */
import { createHash, randomUUID } from "node:crypto";
import type { HttpReply, HttpRequest } from "../httpServer.ts";
import { hour } from "./accessTokens.ts";
import { mintApiToken } from "./apiTokens.ts";
import {
  type BrowserClient,
  type BrowserGrants,
  findClient,
  type Granted,
  type IssuedRefreshToken,
  originsOf,
} from "./browserGrants.ts";
import { EntraFailure, failures } from "./failures.ts";

/** Refresh tokens of single-page applications live for a day; using one does not extend this. */
const refreshTokenLivesMs = 24 * 3_600_000;

interface Redeeming {
  readonly grants: BrowserGrants;
  readonly client: BrowserClient;
  readonly required: (name: string) => string;
  readonly issuer: string;
}

const redeemers: ReadonlyMap<string | null, (redeeming: Redeeming) => Promise<HttpReply>> = new Map([
  ["authorization_code", redeemCode],
  ["refresh_token", refresh],
]);

/** Undefined for grant types that it does not handle. */
export function redeem(
  grants: BrowserGrants,
  request: HttpRequest,
  form: URLSearchParams,
  issuer: string,
): Promise<HttpReply> | undefined {
  const redeemer = redeemers.get(form.get("grant_type"));
  if (!redeemer) return undefined;
  const required = requiredOf(form);
  const answer = async () => {
    const client = findClient(grants, required("client_id"));
    expectOwnOrigin(request, client);
    return await redeemer({ grants, client, required, issuer });
  };
  return answer();
}

async function redeemCode({ grants, client, required, issuer }: Redeeming): Promise<HttpReply> {
  const code = required("code");
  const issued = grants.codes.get(code);
  // A code is used up by the first attempt to redeem it, even if that attempt is refused.
  grants.codes.delete(code);
  if (!issued || issued.client.clientId !== client.clientId)
    throw invalidGrant(
      54005,
      "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
    );
  if (issued.endsAt < grants.world.now().getTime())
    throw invalidGrant(70008, "The provided authorization code or refresh token has expired due to inactivity.");
  if (issued.redirectUri !== required("redirect_uri"))
    throw invalidGrant(
      500112,
      "The reply address does not match the reply address provided when requesting Authorization code.",
    );
  const verifier = createHash("sha256").update(required("code_verifier")).digest("base64url");
  if (verifier !== issued.challenge)
    throw invalidGrant(
      501481,
      "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    );
  return await grant(grants, issued, issuer);
}

async function refresh({ grants, client, required, issuer }: Redeeming): Promise<HttpReply> {
  const issued = grants.refreshTokens.get(required("refresh_token"));
  if (!issued || issued.client.clientId !== client.clientId || issued.endsAt < grants.world.now().getTime())
    throw invalidGrant(
      700084,
      "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00, which cannot be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page.",
    );
  return await grant(grants, issued, issuer, issued);
}

async function grant(
  grants: BrowserGrants,
  { client, person, scope }: Granted,
  issuer: string,
  refresh?: IssuedRefreshToken,
): Promise<HttpReply> {
  const audience = audienceOf(scope);
  const refreshToken = `1.${randomUUID()}`;
  const isKept = scope.split(" ").includes("offline_access");
  if (isKept) {
    const endsAt = refresh?.endsAt ?? grants.world.now().getTime() + refreshTokenLivesMs;
    grants.refreshTokens.set(refreshToken, { client, person, scope, endsAt });
  }
  return {
    status: 200,
    headers: { "cache-control": "no-store" },
    body: {
      token_type: "Bearer",
      scope,
      expires_in: hour,
      ext_expires_in: hour,
      access_token: await mintApiToken(grants.world, issuer, {
        audience,
        oid: person.oid,
        clientId: client.clientId,
        scope: "access",
        roles: person.roles,
        groups: person.groups,
        changes: { name: person.name },
      }),
      ...(isKept ? { refresh_token: refreshToken } : {}),
    },
  };
}

function expectOwnOrigin(request: HttpRequest, client: BrowserClient): void {
  const { origin } = request.headers;
  if (origin === undefined) {
    throw new EntraFailure(
      9002327,
      "invalid_request",
      "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
    );
  }
  if (originsOf(client).includes(origin)) return;
  throw new EntraFailure(
    9002326,
    "invalid_request",
    `Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: '${origin}'.`,
  );
}

function requiredOf(form: URLSearchParams): (name: string) => string {
  return (name) => {
    const value = form.get(name);
    if (!value) throw failures.missingParameter(name);
    return value;
  };
}

/** `<client id>/.default` and `api://<client id>/.default` name the same application. */
function audienceOf(scope: string): string {
  const wanted = scope.split(" ").find((part) => part.endsWith("/.default") || part.endsWith("/access"));
  if (wanted === undefined) throw failures.badScope(scope);
  return wanted.replace(/\/[^/]*$/, "").replace(/^api:\/\//, "");
}

function invalidGrant(number: number, message: string): EntraFailure {
  return new EntraFailure(number, "invalid_grant", message);
}
