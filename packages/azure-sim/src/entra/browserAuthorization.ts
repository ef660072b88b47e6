/** The page that an application sends a person to, and the code that the person comes back with. */
import { randomUUID } from "node:crypto";
import type { HttpReply, HttpRequest } from "../httpServer.ts";
import { type BrowserGrants, findClient, type Person } from "./browserGrants.ts";
import { EntraFailure, failures } from "./failures.ts";

const codeLivesMs = 10 * 60_000;

export function authorize(grants: BrowserGrants, { url, headers }: HttpRequest): HttpReply {
  const query = url.searchParams;
  const required = (name: string) => {
    const value = query.get(name);
    if (!value) throw failures.missingParameter(name);
    return value;
  };
  const client = findClient(grants, required("client_id"));
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
  const person = grants.people.find(({ name, oid }) => name === hint || (hint === null && oid === session));
  if (!person) {
    if (query.get("prompt") === "none")
      return back({ error: "login_required", error_description: "AADSTS50058: no user is signed in." });
    return choose(grants.people, url);
  }
  const code = `1.${randomUUID()}`;
  grants.codes.set(code, {
    client,
    person,
    scope: required("scope"),
    redirectUri,
    challenge,
    endsAt: grants.world.now().getTime() + codeLivesMs,
  });
  return back({ code }, `ESTSAUTH=${person.oid}`);
}

function unknownRedirect(redirectUri: string, clientId: string): EntraFailure {
  const message = `The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs configured for the application '${clientId}'.`;
  return new EntraFailure(50011, "invalid_request", message);
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
