/**
 * App Service authentication as a browser sees it, in front of a service that trusts its header: a session cookie, the paths that
 * the template excludes, an empty 401 for everybody else, and no changes that another site could have sent.
 * learn.microsoft.com "Authentication and authorization in Azure App Service" (Cross-site request forgery mitigation) and
 * "Customize sign-in and sign-out" (post_login_redirect_uri, post_logout_redirect_uri).
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Platform {
  readonly url: string;
  /** Ends all sessions, as if they had expired. */
  endSessions(): void;
  close(): Promise<void>;
}

const cookieName = "AppServiceAuthSession";

export async function startAppServiceAuthentication({
  service,
  excludedPaths,
  principal,
}: {
  /** The address of the service behind it. */
  readonly service: string;
  /** As in authsettingsV2. */
  readonly excludedPaths: readonly string[];
  /** The value of X-MS-CLIENT-PRINCIPAL for everyone who signs in. */
  readonly principal: string;
}): Promise<Platform> {
  const sessions = new Set<string>();
  const isExcluded = (path: string) =>
    excludedPaths.some((each) => (each.endsWith("/*") ? path.startsWith(each.slice(0, -1)) : path === each));

  function answer(asked: IncomingMessage, response: ServerResponse): void {
    const url = new URL(asked.url ?? "/", platform.url);
    const session = new RegExp(`${cookieName}=([\\w-]+)`).exec(asked.headers.cookie ?? "")?.[1];
    const isSignedIn = session !== undefined && sessions.has(session);
    if (url.pathname === "/.auth/login/aad") {
      signIn(response, url.searchParams.get("post_login_redirect_uri"));
    } else if (url.pathname === "/.auth/logout") {
      sessions.delete(session ?? "");
      redirect(response, url.searchParams.get("post_logout_redirect_uri") ?? "/.auth/logout/done");
    } else if (isSignedIn && asked.method !== "GET" && !isOwn(asked)) {
      refuse(response, 403);
    } else if (!isSignedIn && !isExcluded(url.pathname)) {
      refuse(response, 401);
    } else passOn(asked, response, isSignedIn);
  }

  function signIn(response: ServerResponse, wanted: string | null): void {
    const session = randomUUID();
    sessions.add(session);
    response.setHeader("set-cookie", `${cookieName}=${session}; Path=/; HttpOnly; SameSite=Lax`);
    redirect(response, wanted ?? "/.auth/login/done");
  }

  function redirect(response: ServerResponse, to: string): void {
    // It redirects nowhere else, unless the operator allows it.
    if (to.startsWith("/")) response.writeHead(302, { location: to }).end();
    else refuse(response, 403);
  }

  /** Answers with an empty body. */
  function refuse(response: ServerResponse, status: 401 | 403): void {
    response.writeHead(status).end();
  }

  /** Both headers must be present and name this site. */
  function isOwn({ headers: { host, origin, referer } }: IncomingMessage): boolean {
    return [origin, referer].every((each) => each !== undefined && URL.parse(each)?.host === host);
  }

  function passOn(asked: IncomingMessage, response: ServerResponse, isSignedIn: boolean): void {
    const headers = Object.fromEntries(
      Object.entries(asked.headers).filter(([name]) => name !== "host" && !name.startsWith("x-ms-client-principal")),
    );
    // The sandbox answers only under its own name.
    const forwarded = { "x-forwarded-host": asked.headers.host };
    const proof = isSignedIn ? { "x-ms-client-principal": principal, "x-ms-client-principal-idp": "aad" } : {};
    const passed = request(
      new URL(asked.url ?? "/", service),
      { method: asked.method ?? "GET", headers: { ...headers, ...forwarded, ...proof } },
      (answered) => {
        response.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(response);
      },
    );
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    asked.pipe(passed);
  }

  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const platform: Platform = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    endSessions: () => sessions.clear(),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return platform;
}
