/** Authorization code flow with PKCE (RFC 7636). Tokens stay in memory; after a reload, Entra signs the user in again. */
import * as oauth from "oauth4webapi";
import type { DashboardSettings } from "../../src/domain/documents/dashboardSettings.ts";
import { messageOf } from "../../src/domain/messageOf.ts";
import { askToSignIn, takeTokens } from "./session.ts";

type Entra = NonNullable<DashboardSettings["signIn"]["entra"]>;

interface Pending {
  readonly verifier: string;
  readonly state: string;
  /** The page to return to. */
  readonly returnTo: string;
}

const pendingEntry = "mooring.signIn";
const redirectUri = `${location.origin}/dashboard`;
/** Renews tokens this long before they expire: clocks differ, and requests take time. */
const earlyMs = 120_000;

let discovered: Promise<oauth.AuthorizationServer> | undefined;

function discover({ issuer }: Entra): Promise<oauth.AuthorizationServer> {
  discovered ??= (async () => {
    const url = new URL(issuer);
    return await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url));
  })();
  discovered.catch(() => {
    discovered = undefined;
  });
  return discovered;
}

/** Leaves the page to sign in and return. `mayChoose` offers a choice of account after a click; a reload does not ask. */
export async function leaveToSignIn(entra: Entra, { mayChoose }: { readonly mayChoose: boolean }): Promise<void> {
  const server = await discover(entra);
  if (server.authorization_endpoint === undefined) throw new Error("The authority names no authorization endpoint.");
  const verifier = oauth.generateRandomCodeVerifier();
  const pending: Pending = {
    verifier,
    state: oauth.generateRandomState(),
    returnTo: location.pathname + location.search,
  };
  sessionStorage.setItem(pendingEntry, JSON.stringify(pending));
  const url = new URL(server.authorization_endpoint);
  const parameters = {
    client_id: entra.clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: `${entra.scope} offline_access`,
    state: pending.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...(mayChoose ? { prompt: "select_account" } : {}),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Completes a sign-in after the redirect back: gets the tokens, and returns the page to open. */
export async function comeBack(entra: Entra): Promise<string | undefined> {
  const url = new URL(location.href);
  if (!url.searchParams.has("state") || !(url.searchParams.has("code") || url.searchParams.has("error"))) return;
  const kept = sessionStorage.getItem(pendingEntry);
  sessionStorage.removeItem(pendingEntry);
  if (kept === null) return "/dashboard";
  const { verifier, state, returnTo } = JSON.parse(kept) as Pending;
  const server = await discover(entra);
  const client = { client_id: entra.clientId };
  const parameters = oauth.validateAuthResponse(server, client, url, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    redirectUri,
    verifier,
  );
  keep(entra, await oauth.processAuthorizationCodeResponse(server, client, response));
  return returnTo;
}

function keep(entra: Entra, first: oauth.TokenEndpointResponse): void {
  let tokens = first;
  let endsAt = endOf(first);
  let refreshing: Promise<void> | undefined;
  const refresh = async (refreshToken: string) => {
    const server = await discover(entra);
    const client = { client_id: entra.clientId };
    const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken);
    const fresh = await oauth.processRefreshTokenResponse(server, client, response);
    tokens = { ...tokens, ...fresh };
    endsAt = endOf(fresh);
  };
  takeTokens(async () => {
    if (Date.now() > endsAt - earlyMs && tokens.refresh_token !== undefined) {
      refreshing ??= refresh(tokens.refresh_token).finally(() => {
        refreshing = undefined;
      });
      try {
        await refreshing;
      } catch (error) {
        // If Entra is unreachable, a later attempt may succeed; the current token may still be valid.
        if (error instanceof oauth.ResponseBodyError) askToSignIn("Your sign-in has expired.");
      }
    }
    return tokens.access_token;
  });
}

function endOf({ expires_in: seconds = 3_600 }: oauth.TokenEndpointResponse): number {
  return Date.now() + seconds * 1_000;
}

/** The authority's error as a message for people. */
export function describeSignInError(error: unknown): string {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError)
    return error.error_description ?? error.error;
  return messageOf(error);
}
