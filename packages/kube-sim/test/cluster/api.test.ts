import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { createCertificate } from "../../../azure-sim/src/tls.ts";
import { createApi } from "../../src/cluster/api.ts";

it("sends the preconditions of a deletion, and goes on with the same connection", async () => {
  const { certificate: cert, privateKey: key } = await createCertificate();
  const arrived: string[] = [];
  const server = createServer({ cert, key }, async (request, response) => {
    arrived.push(`${request.method} ${await text(request)}`);
    response.end("{}");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const api = createApi({ url: `https://127.0.0.1:${port}`, ca: cert, token: "t" });

  await api.remove("/api/v1/namespaces/team-a/pods/p", { preconditions: { uid: "ü-1" } });
  await api.get("/api/v1/namespaces/team-a/pods/p");

  expect(arrived).toEqual(['DELETE {"preconditions":{"uid":"ü-1"}}', "GET "]);
  api.close();
  server.close();
});

it("does not ask again what was called off before a kept connection could take it", async () => {
  const { certificate: cert, privateKey: key } = await createCertificate();
  const server = createServer({ cert, key }, (_request, response) => void response.end("{}"));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const api = createApi({ url: `https://127.0.0.1:${port}`, ca: cert, token: "t" });
  await api.get("/api/v1/namespaces");

  const watch = api.watch("/api/v1/pods", { signal: AbortSignal.abort(), onEvent: () => undefined });

  await expect(watch).rejects.toThrow("aborted");
  api.close();
  server.close();
});

it("asks again for as long as the server has closed the connections that it kept", async () => {
  const { certificate: cert, privateKey: key } = await createCertificate();
  let hangsUp = false;
  const known = new Set<unknown>();
  const server = createServer({ cert, key }, (request, response) => {
    if (hangsUp && known.has(request.socket)) {
      request.socket.destroy();
      return;
    }
    known.add(request.socket);
    response.end("{}");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const api = createApi({ url: `https://127.0.0.1:${port}`, ca: cert, token: "t" });
  const ask = () => api.get("/api/v1/namespaces");
  await Promise.all([ask(), ask(), ask()]);

  hangsUp = true;
  expect(await ask()).toEqual({});
  api.close();
  server.close();
});
