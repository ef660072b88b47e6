/** The proxy that the Azure SDKs' own HTTP client would take: their proxyPolicy is asked the same questions. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type createDefaultHttpClient,
  createPipelineRequest,
  type HttpClient,
  type proxyPolicy,
} from "@azure/core-rest-pipeline";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const closing: Server[] = [];
const host = "management.mooring.invalid";

beforeEach(() => {
  for (const name of ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"]) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toLowerCase(), undefined);
  }
  // The client reads the environment once.
  vi.resetModules();
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of closing.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Refuses everything, and counts what it was asked for. */
async function startProxy(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? "").host);
    response.writeHead(502).end();
  });
  server.on("connect", ({ url }, client) => {
    asked.push(String(url).replace(/:443$/, ""));
    client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  closing.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** The SDKs' own client, with their policy. */
async function theirs(): Promise<Pick<HttpClient, "sendRequest">> {
  const sdk: { proxyPolicy: typeof proxyPolicy; createDefaultHttpClient: typeof createDefaultHttpClient } =
    await import("@azure/core-rest-pipeline");
  const [policy, client] = [sdk.proxyPolicy(), sdk.createDefaultHttpClient()];
  return { sendRequest: (request) => policy.sendRequest(request, (each) => client.sendRequest(each)) };
}

async function ours(): Promise<Pick<HttpClient, "sendRequest">> {
  return await (await import("../../src/adapters/httpClient.ts")).sharedHttpClient();
}

const proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];
const takes: readonly { readonly of: readonly string[]; readonly takes: string }[] = [
  ...proxies.map((name) => ({ of: [name], takes: name })),
  { of: ["HTTP_PROXY", "ALL_PROXY", "HTTPS_PROXY"], takes: "HTTPS_PROXY" },
  { of: ["HTTP_PROXY", "ALL_PROXY"], takes: "ALL_PROXY" },
  { of: ["http_proxy", "all_proxy", "HTTP_PROXY"], takes: "all_proxy" },
  { of: ["all_proxy", "ALL_PROXY"], takes: "ALL_PROXY" },
];

for (const [whose, open] of Object.entries({ theirs, ours })) {
  it.each(takes)(`takes $takes of $of, for https and http: ${whose}`, async ({ of, takes: name }) => {
    const started = new Map<string, { url: string; asked: string[] }>();
    for (const each of of) started.set(each, await startProxy());
    for (const [each, { url }] of started) vi.stubEnv(each, url);
    const client = await open();

    for (const scheme of ["https", "http"]) {
      await client.sendRequest(request(`${scheme}://${host}/subscriptions`)).catch(() => undefined);
    }

    const asked = of.map((each) => [each, new Set(started.get(each)?.asked)]);
    expect(asked).toEqual(of.map((each) => [each, new Set(each === name ? [host] : [])]));
    expect(started.get(name)?.asked).toHaveLength(2);
  });
}

// Theirs reads it once in a process.
it.each(["NO_PROXY", "no_proxy"])("asks no proxy for what %s names", async (name) => {
  const { url, asked } = await startProxy();
  vi.stubEnv("ALL_PROXY", url);
  vi.stubEnv(name, "other.example, .mooring.invalid");
  const client = await ours();

  await expect(client.sendRequest(request(`https://${host}/`))).rejects.toThrow("ENOTFOUND");

  expect(asked).toEqual([]);
});

function request(url: string) {
  return createPipelineRequest({ url, allowInsecureConnection: true });
}
