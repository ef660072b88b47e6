import { createServer } from "node:http";

/** App Service's managed-identity endpoint for one identity, complete enough for ManagedIdentityCredential. */
export async function startIdentityEndpoint(
  getToken: (scope: string) => Promise<{ token: string; expiresOnTimestamp: number }>,
) {
  const requests: { resource: string | null; clientId: string | null }[] = [];
  const server = createServer(async (request, response) => {
    const query = new URL(request.url ?? "/", "http://localhost").searchParams;
    requests.push({ resource: query.get("resource"), clientId: query.get("client_id") });
    if (request.headers["x-identity-header"] !== "secret") return response.writeHead(401).end();
    const { token, expiresOnTimestamp } = await getToken(`${query.get("resource")}/.default`);
    const answer = {
      access_token: token,
      expires_on: String(Math.floor(expiresOnTimestamp / 1000)),
      resource: query.get("resource"),
      token_type: "Bearer",
    };
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    requests,
    settings: { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/token`, IDENTITY_HEADER: "secret" },
    close: () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}
