/** A page of another site, open in the browser of the person who runs the sandbox, can change nothing on any route. */
import { expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;
let operation: string;
/** All operations that began before the tests. */
let begun: unknown;
/** Every route that changes something, with its path parameters filled in. */
let changes: { readonly method: string; readonly path: string }[];

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
  const database = { server: names.sqlServer, database: "messages", roles: ["reader"] };
  operation = await service.onboard({ cluster: names.cluster, namespace: "one-site", databases: [database] });
  await service.waitFor(operation);
  begun = await operations();
  const { body } = await service.call("GET", "/api/openapi.json");
  changes = Object.entries(body["paths"] as Record<string, object>).flatMap(([template, methods]) => {
    const path = template
      .replace("{cluster}", names.cluster)
      .replace("{namespace}", "one-site")
      .replace("{id}", operation);
    return Object.keys(methods).flatMap((method) => (method === "get" ? [] : [{ method: method.toUpperCase(), path }]));
  });
});

/** Sends a request as a browser does for a form or `fetch` with `mode: "no-cors"`, which need no preflight. */
async function send(
  { method, path }: (typeof changes)[number],
  headers: Record<string, string>,
  body?: string,
): Promise<object> {
  const response = await fetch(`${sandbox.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const { code } = (await response.json()) as { code?: string };
  return { path, status: response.status, code };
}

const operations = async () => (await service.call("GET", "/api/operations")).body["value"];

it("begins nothing for a page of another site", async () => {
  expect(changes.length).toBeGreaterThanOrEqual(10);
  for (const change of changes) {
    const refused = { path: change.path, status: 403, code: "CROSS_SITE_REQUEST" };
    for (const headers of [{ "sec-fetch-site": "cross-site", origin: "https://evil.example" }, { origin: "null" }]) {
      expect(await send(change, headers)).toEqual(refused);
      expect(await send(change, { ...headers, "content-type": "text/plain" }, "{}")).toEqual(refused);
    }
  }
  expect(await operations()).toEqual(begun);
});

it("begins nothing for a body that is not declared as JSON", async () => {
  for (const change of changes) {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const refused = { path: change.path, status: 415, code: "UNSUPPORTED_MEDIA_TYPE" };
      expect(await send(change, { "content-type": type }, "{}")).toEqual(refused);
    }
  }
  expect(await operations()).toEqual(begun);
});

it("accepts the same requests from its own page, without a body and with a JSON body", async () => {
  const own = { origin: sandbox.url, "sec-fetch-site": "same-origin" };
  const path = `/api/namespaces/${names.cluster}/one-site`;

  expect(await send({ method: "POST", path: `${path}/verify` }, own)).toMatchObject({ status: 200 });
  // An older browser, or one that reached the sandbox under a network name.
  expect(await send({ method: "POST", path: `${path}/repair?dryRun=true` }, { origin: sandbox.url })).toMatchObject({
    status: 200,
  });
  const json = { ...own, "content-type": "application/json" };
  expect(await send({ method: "POST", path: `/api/operations/${operation}/cancel` }, json, "{}")).toMatchObject({
    status: 409,
    code: "OPERATION_ENDED",
  });
});
