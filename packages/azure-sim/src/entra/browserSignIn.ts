/**
 * How a person signs in to a single-page application: the authorization code flow with PKCE (learn.microsoft.com "Microsoft identity
 * platform and OAuth 2.0 authorization code flow"). Such a client can redeem codes and refresh tokens only in cross-origin requests,
 * from the origin of a redirect URI that is registered for it; the answers have CORS headers.
 */
import type { HttpReply, HttpRequest } from "../httpServer.ts";
import type { World } from "../world.ts";
import { authorize } from "./browserAuthorization.ts";
import { type BrowserGrants, originsOf } from "./browserGrants.ts";
import { redeem } from "./browserTokens.ts";

export interface BrowserSignIn extends Pick<BrowserGrants, "clients" | "people"> {
  authorize(request: HttpRequest): HttpReply;
  /** Undefined for grant types that it does not handle. */
  redeem(request: HttpRequest, form: URLSearchParams, issuer: string): Promise<HttpReply> | undefined;
  /** For requests from a page; empty for an origin that belongs to no client. */
  corsHeaders(origin: string | undefined): Readonly<Record<string, string>>;
}

export function createBrowserSignIn(world: World): BrowserSignIn {
  const grants: BrowserGrants = {
    world,
    clients: new Map(),
    people: [],
    codes: new Map(),
    refreshTokens: new Map(),
  };
  const { clients, people } = grants;
  return {
    clients,
    people,
    authorize: (request) => authorize(grants, request),
    redeem: (request, form, issuer) => redeem(grants, request, form, issuer),
    corsHeaders(origin) {
      if (origin === undefined || ![...clients.values()].some((client) => originsOf(client).includes(origin)))
        return {};
      return { "access-control-allow-origin": origin, vary: "origin" };
    },
  };
}
