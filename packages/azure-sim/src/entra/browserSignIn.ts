/**
 * How a person signs in to a single-page application: the authorization code flow with PKCE (learn.microsoft.com "Microsoft identity
 * platform and OAuth 2.0 authorization code flow"). Such a client can redeem codes and refresh tokens only in cross-origin requests,
 * from the origin of a redirect URI that is registered for it; the answers have CORS headers.
 */
import { createHash, randomUUID } from "node:crypto";
import type { HttpReply, HttpRequest } from "../httpServer.ts";
import type { World } from "../world.ts";
import { hour } from "./accessTokens.ts";
import { mintApiToken } from "./apiTokens.ts";
import { EntraFailure, failures } from "./failures.ts";

/** A person with an account in the tenant. */
export interface Person {
  readonly name: string;
  readonly oid: string;
  /** App roles and object ids of groups, which tokens for any application contain. */
  readonly roles: readonly string[];
  readonly groups: readonly string[];
}

export interface BrowserClient {
  readonly clientId: string;
  /** The redirect URIs of the platform "Single-page application". */
  readonly redirectUris: readonly string[];
}

interface Granted {
  readonly client: BrowserClient;
  readonly person: Person;
  readonly scope: string;
}

interface IssuedCode extends Granted {
  readonly redirectUri: string;
  readonly challenge: string;
  readonly endsAt: number;
}

interface IssuedRefreshToken extends Granted {
  readonly endsAt: number;
}

const minute = 60_000;
const codeLivesMs = 10 * minute;
/** Refresh tokens of single-page applications live for a day; using one does not extend this. */
const refreshTokenLivesMs = 24 * 60 * minute;

export interface BrowserSignIn {
  readonly clients: Map<string, BrowserClient>;
  readonly people: Person[];
  authorize(request: HttpRequest): HttpReply;
  /** Undefined for grant types that it does not handle. */
  redeem(request: HttpRequest, form: URLSearchParams, issuer: string): Promise<HttpReply> | undefined;
  /** For requests from a page; empty for an origin that belongs to no client. */
  corsHeaders(origin: string | undefined): Readonly<Record<string, string>>;
}

export function createBrowserSignIn(world: World): BrowserSignIn {
  const clients = new Map<string, BrowserClient>();
  const people: Person[] = [];
  const codes = new Map<string, IssuedCode>();
  const refreshTokens = new Map<string, IssuedRefreshToken>();
  const now = () => world.now().getTime();

  function originsOf({ redirectUris }: BrowserClient): readonly string[] {
    return redirectUris.map((uri) => new URL(uri).origin);
  }

  function findClient(clientId: string): BrowserClient {
    const client = clients.get(clientId);
    if (!client) throw failures.unknownClient(clientId, world.tenantId);
    return client;
  }

  function authorize({ url, headers }: HttpRequest): HttpReply {
    const query = url.searchParams;
    const required = (name: string) => {
      const value = query.get(name);
      if (!value) throw failures.missingParameter(name);
      return value;
    };
    const client = findClient(required("client_id"));
    const redirectUri = required("redirect_uri");
    if (!client.redirectUris.includes(redirectUri)) throw unknownRedirect(redirectUri, client.clientId);
    // From here on, errors go to the application and not to the person.
    const back = (parameters: Readonly<Record<string, string>>, cookie?: string) => {
      const target = new URL(redirectUri);
      for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
      const state = query.get("state");
      if (state !== null) target.searchParams.set("state", state);
      const session = cookie === undefined ? undefined : { "set-cookie": `${cookie}; HttpOnly; Secure; SameSite=None` };
      return { status: 302, headers: { location: target.href, ...session } };
    };
    if (query.get("response_type") !== "code") {
      return back({
        error: "unsupported_response_type",
        error_description: "AADSTS700054: response_type is not enabled.",
      });
    }
    const challenge = query.get("code_challenge");
    if (challenge === null || query.get("code_challenge_method") !== "S256") {
      const message = "Proof Key for Code Exchange is required for cross-origin authorization code redemption.";
      return back({ error: "invalid_request", error_description: `AADSTS9002325: ${message}` });
    }
    const hint = query.get("login_hint");
    // Someone who has already signed in on this browser is not prompted again unless the application requires it.
    const isAsked = ["select_account", "login"].includes(query.get("prompt") ?? "");
    const session = isAsked ? undefined : /(?:^|; )ESTSAUTH=([^;]+)/.exec(headers.cookie ?? "")?.[1];
    const person = people.find(({ name, oid }) => name === hint || (hint === null && oid === session));
    if (!person) {
      if (query.get("prompt") === "none")
        return back({ error: "login_required", error_description: "AADSTS50058: no user is signed in." });
      return choose(people, url);
    }
    const code = `1.${randomUUID()}`;
    codes.set(code, {
      client,
      person,
      scope: required("scope"),
      redirectUri,
      challenge,
      endsAt: now() + codeLivesMs,
    });
    return back({ code }, `ESTSAUTH=${person.oid}`);
  }

  async function grant(
    { client, person, scope }: Granted,
    issuer: string,
    refresh?: IssuedRefreshToken,
  ): Promise<HttpReply> {
    const audience = audienceOf(scope);
    const refreshToken = `1.${randomUUID()}`;
    const isKept = scope.split(" ").includes("offline_access");
    if (isKept) {
      const endsAt = refresh?.endsAt ?? now() + refreshTokenLivesMs;
      refreshTokens.set(refreshToken, { client, person, scope, endsAt });
    }
    return {
      status: 200,
      headers: { "cache-control": "no-store" },
      body: {
        token_type: "Bearer",
        scope,
        expires_in: hour,
        ext_expires_in: hour,
        access_token: await mintApiToken(world, issuer, {
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

  async function redeemCode(request: HttpRequest, form: URLSearchParams, issuer: string): Promise<HttpReply> {
    const required = requiredOf(form);
    const client = findClient(required("client_id"));
    expectOwnOrigin(request, client);
    const code = required("code");
    const issued = codes.get(code);
    // A code is used up by the first attempt to redeem it, even if that attempt is refused.
    codes.delete(code);
    if (!issued || issued.client.clientId !== client.clientId)
      throw invalidGrant(
        54005,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
      );
    if (issued.endsAt < now())
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
    return await grant(issued, issuer);
  }

  async function refresh(request: HttpRequest, form: URLSearchParams, issuer: string): Promise<HttpReply> {
    const required = requiredOf(form);
    const client = findClient(required("client_id"));
    expectOwnOrigin(request, client);
    const issued = refreshTokens.get(required("refresh_token"));
    if (!issued || issued.client.clientId !== client.clientId || issued.endsAt < now())
      throw invalidGrant(
        700084,
        "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00, which cannot be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page.",
      );
    return await grant(issued, issuer, issued);
  }

  return {
    clients,
    people,
    authorize,
    redeem(request, form, issuer) {
      switch (form.get("grant_type")) {
        case "authorization_code":
          return redeemCode(request, form, issuer);
        case "refresh_token":
          return refresh(request, form, issuer);
        default:
          return undefined;
      }
    },
    corsHeaders(origin) {
      if (origin === undefined || ![...clients.values()].some((client) => originsOf(client).includes(origin)))
        return {};
      return { "access-control-allow-origin": origin, vary: "origin" };
    },
  };
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

function unknownRedirect(redirectUri: string, clientId: string): EntraFailure {
  const message = `The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs configured for the application '${clientId}'.`;
  return new EntraFailure(50011, "invalid_request", message);
}

function invalidGrant(number: number, message: string): EntraFailure {
  return new EntraFailure(number, "invalid_grant", message);
}

/** The page on which a person picks an account. There are no passwords here. */
function choose(people: readonly Person[], url: URL): HttpReply {
  const links = people.map(({ name }) => {
    const target = new URL(url);
    target.searchParams.set("login_hint", name);
    const href = `${target.pathname}${target.search}`.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
    return `<li><a href="${href}">${name.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</a></li>`;
  });
  return {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" },
    body: `<!doctype html><html lang="en"><title>Sign in</title><h1>Pick an account</h1><ul>${links.join("")}</ul></html>`,
  };
}
