import { expect, it } from "vitest";
import { createRestoreSent } from "../../src/http/sentHeaders.ts";

const sent = { authorization: "Bearer mine", "content-type": "application/json", "x-list": "a,b", cookie: "a=1; b=2" };
const host = "mooring.example.org";

type Forwarded = { readonly headersDistinct: Record<string, string[]> };

function restore(request: { headers: Headers }, forwarded: Forwarded | undefined): boolean {
  return createRestoreSent({ requestOf: () => forwarded })(request, { invocationId: "1" });
}

/** As the host forwards it, over a connection of its own. */
function forward(headers: Record<string, string>) {
  const all = {
    ...headers,
    host: "localhost:55001",
    "x-forwarded-host": host,
    traceparent: "of the host",
    te: "trailers",
  };
  return { headersDistinct: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])) };
}

it.each([
  ["as they were", { ...sent, host, traceparent: "mine", "x-forwarded-host": "front.example.org" }],
  ["with lists and cookies joined otherwise", { ...sent, host, "x-list": "a, b", cookie: "a=1,b=2" }],
])("leaves headers alone that the host gives %s", (_what, given) => {
  const request = { headers: new Headers(given) };

  restore(request, forward(sent));

  expect(Object.fromEntries(request.headers)).toEqual(given);
});

it.each([
  ["adds one", { ...sent, host, "x-ms-client-principal": "forged" }],
  ["changes one", { ...sent, host, authorization: "Bearer forged" }],
  ["hides one", { authorization: "Bearer mine", host }],
  ["hides all", {}],
  ["changes the host", { ...sent, host: "evil.example" }],
])("takes what was sent when something %s", (_what, given) => {
  const request = { headers: new Headers(given) };

  restore(request, forward(sent));

  expect(Object.fromEntries(request.headers)).toMatchObject({ ...sent, host });
  expect(request.headers.has("x-ms-client-principal")).toBe(false);
});

it("says so when the client has already given up", () => {
  expect(restore({ headers: new Headers(sent) }, undefined)).toBe(false);
});

it("keeps all values of a repeated header", () => {
  const request = { headers: new Headers() };

  restore(request, { headersDistinct: { "if-match": ['"a"', '"b"'], "x-forwarded-host": [host] } });

  expect(request.headers.get("if-match")).toBe('"a", "b"');
});
