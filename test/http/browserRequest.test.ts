/** Which requests a browser may have sent for another site's page, and which content types a body may have. */
import { HttpRequest, InvocationContext } from "@azure/functions";
import { expect, it } from "vitest";
import { createRefusalTrail } from "../../src/application/watching/refusalTrail.ts";
import { createCallers } from "../../src/http/callers/authentication.ts";
import { createGuards } from "../../src/http/guard.ts";
import { json } from "../../src/http/respond.ts";
import { catalog, createFakeCloud } from "../support/fakeCloud.ts";

const { ports } = createFakeCloud();
const { forAnybody } = createGuards({
  callers: createCallers({ catalog }),
  refusals: createRefusalTrail(ports),
  restoreSent: () => true,
});

async function ask(
  headers: Record<string, string>,
  { method = "POST", url = "https://mooring.example/api/onboardings" } = {},
): Promise<{ status: unknown; code: unknown }> {
  let runs = 0;
  const handler = forAnybody(async () => {
    runs += 1;
    return json(200, {});
  });
  const { status, body } = await handler(new HttpRequest({ method, url, headers }), new InvocationContext());
  const { code } = JSON.parse(String(body));
  expect(runs).toBe(status === 200 ? 1 : 0);
  return { status, code };
}

const own = "https://mooring.example";
const foreign = "https://evil.example";

it.each<[string, Record<string, string>]>([
  ["no browser", {}],
  ["the app's own page", { origin: own, "sec-fetch-site": "same-origin" }],
  ["a typed address or a bookmark", { "sec-fetch-site": "none" }],
  ["the app's own page, of an older browser", { origin: own }],
  [
    "the app's own page, behind a proxy that uses another host name",
    { origin: foreign, "sec-fetch-site": "same-origin" },
  ],
  [
    "the same, of an older browser",
    { origin: foreign, host: "app.azurewebsites.net", "x-forwarded-host": "evil.example" },
  ],
  ["the same, behind two proxies", { origin: foreign, "x-forwarded-host": "evil.example, inner.example" }],
  ["the same, behind an application gateway", { origin: foreign, "x-original-host": "evil.example:443" }],
  ["a page served over HTTP, where TLS ends before the app", { origin: "http://mooring.example" }],
  ["the default port, stated explicitly", { origin: own, host: "mooring.example:443" }],
])("accepts a change from %s", async (_what, headers) => {
  expect(await ask(headers)).toMatchObject({ status: 200 });
});

const cross: [string, Record<string, string>][] = [
  ["another site", { origin: foreign, "sec-fetch-site": "cross-site" }],
  ["a neighbour under the same domain", { origin: "https://other.example", "sec-fetch-site": "same-site" }],
  ["another site, with the origin of the app", { origin: own, "sec-fetch-site": "cross-site" }],
  ["another site, with an unknown header value", { "sec-fetch-site": "friendly" }],
  ["another site, of an older browser", { origin: foreign }],
  ["another port", { origin: "https://mooring.example:8443" }],
  ["a name that begins like the app's", { origin: "https://mooring.example.evil.example" }],
  ["a frame in a sandbox, or a file", { origin: "null" }],
  ["something that is not an origin", { origin: "mooring.example" }],
  ["an origin without a host", { origin: "file://" }],
  ["an empty origin", { origin: "" }],
];

it.each(cross)("refuses a change from a page of %s", async (_what, headers) => {
  for (const method of ["POST", "DELETE", "PUT", "PATCH"]) {
    expect(await ask(headers, { method })).toEqual({ status: 403, code: "CROSS_SITE_REQUEST" });
  }
  expect(await ask(headers, { method: "GET" })).toMatchObject({ status: 200 });
});

it.each([
  ["none", {}],
  ["none, stated explicitly", { "content-length": "0" }],
  ["none, under any type", { "content-length": "0", "content-type": "application/x-www-form-urlencoded" }],
  ["JSON", { "content-length": "2", "content-type": "application/json" }],
  ["JSON of a kind", { "content-length": "2", "content-type": "application/cloudevents+json; charset=utf-8" }],
  ["JSON in chunks", { "transfer-encoding": "chunked", "content-type": "application/json" }],
])("accepts a body that is %s", async (_what, headers) => {
  expect(await ask(headers)).toMatchObject({ status: 200 });
});

it.each([
  ["a form", { "content-length": "2", "content-type": "application/x-www-form-urlencoded" }],
  ["a text", { "content-length": "2", "content-type": "text/plain;charset=UTF-8" }],
  ["a text that names JSON", { "content-length": "2", "content-type": "text/plain; application/json" }],
  ["of no type", { "content-length": "2" }],
  ["in chunks, of no type", { "transfer-encoding": "chunked" }],
])("refuses a body that is %s, even where the route reads none", async (_what, headers) => {
  expect(await ask(headers)).toEqual({ status: 415, code: "UNSUPPORTED_MEDIA_TYPE" });
});
