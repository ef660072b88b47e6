/** Bad input of any kind, over HTTP or the queue, gets a clear answer and writes nothing. */
import { expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import type { OpenApi } from "../support/openApi.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;
/** All that had begun or been made before. */
let before: unknown;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
  before = await begunAndMade();
});

async function begunAndMade() {
  return {
    operations: (await service.call("GET", "/api/operations?top=1")).body["value"],
    namespaces: (await service.call("GET", "/api/namespaces?top=1000")).body["value"],
    identities: sandbox.cloud.world.identities.size,
  };
}

const database = { server: names.sqlServer, database: "messages", roles: ["reader"] };
const good = { cluster: names.cluster, namespace: "bad-team", databases: [database] };

/** The same request as a Kubernetes object. */
const object = {
  apiVersion: "mooring.dev/v1alpha1",
  kind: "NamespaceOnboarding",
  metadata: { name: "bad-team" },
  spec: { cluster: names.cluster, databases: [database] },
};

/** One of each way to be refused; test/application/requests/readRequest.test.ts and test/domain/request have the rest. */
const bad: [what: string, body: unknown, status: number, code: string, pointer?: string][] = [
  ["an unknown cluster", { ...good, cluster: "aks-x" }, 422, "UNKNOWN_CLUSTER", "/cluster"],
  ["a system namespace", { ...good, namespace: "kube-system" }, 422, "SYSTEM_NAMESPACE", "/namespace"],
  ["an unknown field", { ...good, sudo: true }, 422, "INVALID_REQUEST", "/sudo"],
  [
    "an object of an unknown database",
    { ...object, spec: { ...object.spec, databases: [{ ...database, database: "x" }] } },
    422,
    "UNKNOWN_DATABASE",
    "/spec/databases/0/database",
  ],
  ["a string", '"hello"', 422, "INVALID_REQUEST", ""],
  ["broken JSON", '{"cluster":', 400, "MALFORMED_JSON"],
  ["more than 16 KB", JSON.stringify({ ...good, note: "x".repeat(17_000) }), 413, "PAYLOAD_TOO_LARGE"],
];

it.each(bad)("answers %s over HTTP with a problem document", async (_what, body, status, code, pointer) => {
  const answer = await service.call("POST", "/api/onboardings", body);

  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  expect(answer.body).toMatchObject({ status, code, title: expect.any(String), traceId: expect.any(String) });
  if (pointer !== undefined) {
    const errors = answer.body["errors"] as { pointer: string }[];
    expect(errors.map((error) => error.pointer)).toContain(pointer);
  }
});

/** The host passes a JSON string on as its bare text, which is no longer JSON. */
const onQueue = bad.map(
  ([what, body, status, code]) => [what, body, status, what === "a string" ? "MALFORMED_JSON" : code] as const,
);

it.each(onQueue)(
  "dead-letters %s from the queue with a reason and a description",
  async (what, body, _status, code) => {
    const queue = sandbox.cloud.serviceBus.queue(names.queue);
    const messageId = `bad ${what}`;

    queue.send({ messageId, body: typeof body === "string" ? Buffer.from(body) : body });

    await expect
      .poll(() => queue.deadLetters().find((message) => message.messageId === messageId))
      .toMatchObject({
        applicationProperties: { DeadLetterReason: code, DeadLetterErrorDescription: expect.stringMatching(/\w+/) },
      });
  },
);

it("says what is wrong with the objects of a batch", async () => {
  const requests = [object, { ...good, namespace: "x" }, { ...object, spec: { cluster: "aks-x" } }, object];

  const answer = await service.call("POST", "/api/onboardings/batch", { requests });

  expect(answer.status).toBe(422);
  expect((answer.body["errors"] as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual([
    "/requests/2/spec/databases",
    "/requests/3/metadata/name",
  ]);
});

it("refuses a client ID that is none", async () => {
  expect(await service.call("POST", "/api/onboardings?adoptIdentity=me", good)).toMatchObject({
    status: 422,
    body: { code: "INVALID_REQUEST", errors: [{ pointer: "?adoptIdentity" }] },
  });
});

it("refuses a body that is not declared as JSON", async () => {
  const answer = await service.call("POST", "/api/onboardings", JSON.stringify(good), { "content-type": "text/plain" });

  expect(answer).toMatchObject({ status: 415, body: { code: "UNSUPPORTED_MEDIA_TYPE" } });
});

it("answers every method on every path, with 405 and the allowed methods if it does not support the method", async () => {
  const document = (await service.call("GET", "/api/openapi.json")).body as object as OpenApi;
  const paths = Object.entries(document.paths);
  const wrong: string[] = [];
  for (const [template, operations] of paths) {
    const path = template.replaceAll(/\{[^}]+\}/g, "none");
    const documented = Object.keys(operations).map((method) => method.toUpperCase());
    const allow = [...documented.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])), "OPTIONS"];
    const ask = async (method: string) => {
      const answer = await fetch(`${sandbox.url}${path}`, { method });
      return { status: answer.status, allow: answer.headers.get("allow"), body: await answer.text() };
    };
    for (const method of ["PUT", "PATCH", "GET", "POST", "DELETE"].filter((each) => !allow.includes(each))) {
      const { status, body, ...told } = await ask(method);
      if (status !== 405 || told.allow !== allow.join(", ") || JSON.parse(body).code !== "METHOD_NOT_ALLOWED") {
        wrong.push(`${method} ${path}: ${status}, ${told.allow}`);
      }
    }
    const options = await ask("OPTIONS");
    if (options.status !== 204 || options.allow !== allow.join(", ")) wrong.push(`OPTIONS ${path}: ${options.status}`);
    if (!documented.includes("GET")) continue;
    const head = await ask("HEAD");
    const { status } = await fetch(`${sandbox.url}${path}`).then(close);
    if (head.status !== status || head.body !== "") wrong.push(`HEAD ${path}: ${head.status}, and GET: ${status}`);
  }

  expect(paths.length).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
});

/** Closes an event stream without reading to its end. */
async function close(response: Response): Promise<Response> {
  await response.body?.cancel();
  return response;
}

it("answers 404 for a missing operation, for a missing namespace and for offboarding one", async () => {
  expect(await service.call("GET", "/api/operations/none")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  expect(await service.call("GET", "/api/namespaces/aks-dev/none")).toMatchObject({ status: 404 });
  expect(await service.call("DELETE", "/api/namespaces/aks-dev/none")).toMatchObject({
    status: 404,
    body: { code: "NOT_ONBOARDED" },
  });
});

it("reads the path whatever a query parameter is called", async () => {
  const page = await (await fetch(sandbox.url)).text();
  const [, script = ""] = /src="([^"]+\.js)"/.exec(page) ?? [];
  const { pathname } = new URL(script, `${sandbox.url}/dashboard/`);

  const answer = await fetch(`${sandbox.url}${pathname}?Path=other`);

  expect(answer.headers.get("content-type")).toContain("javascript");
  expect(await answer.text()).toBe(await (await fetch(`${sandbox.url}${pathname}`)).text());
});

it("refuses query parameters that the document does not have, on every route that only callers may use", async () => {
  const document = (await service.call("GET", "/api/openapi.json")).body as object as OpenApi;
  const told: Record<string, unknown> = {};
  const expected: Record<string, unknown> = {};
  for (const [template, operations] of Object.entries(document.paths)) {
    const path = template.replaceAll(/\{[^}]+\}/g, "none");
    for (const [method, { parameters = [], responses }] of Object.entries(operations as Record<string, Documented>)) {
      // The others are for probes, caches and sign-in.
      if (!("401" in responses)) continue;
      const route = `${method} ${template}`;
      const known = parameters.filter((each) => each.in === "query").map(({ name }) => name);
      // It is refused with the reason why there is none.
      if (template.endsWith("/verify") && method === "post") known.push("dryRun");
      const { status, body } = await service.call(method.toUpperCase(), `${path}?code=key&nope=1`);
      told[route] = {
        status,
        code: body["code"],
        known: / has (.*); nothing was done\.$/.exec(String(body["detail"]))?.[1],
      };
      const list = known.length === 0 ? "no query parameters" : known.toSorted().join(", ");
      expected[route] = { status: 400, code: "INVALID_PARAMETER", known: list };
    }
  }

  expect(Object.keys(told).length).toBeGreaterThan(20);
  expect(told).toEqual(expected);
});

interface Documented {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses: object;
}

it("has written nothing after all these requests", async () => {
  expect(await begunAndMade()).toEqual(before);
});

it.each([
  ["POST", "/api/onboardings", good],
  ["POST", "/api/onboardings?dryRun=true", good],
  ["POST", "/api/onboardings/batch", { requests: [good] }],
  ["POST", "/api/onboardings/batch?checkOnly=true", { requests: [good] }],
  ["POST", "/api/namespaces/batch", { action: "verify", all: true }],
  ["DELETE", "/api/namespaces/aks-dev/none"],
  ["POST", "/api/namespaces/aks-dev/none/verify"],
  ["POST", "/api/namespaces/aks-dev/none/repair"],
  ["POST", "/api/namespaces/aks-dev/none/migrate"],
  ["POST", "/api/operations/none/approve", { requestHash: "none" }],
  ["POST", "/api/operations/none/reject"],
  ["POST", "/api/operations/none/cancel"],
  ["POST", "/api/operations/none/compensate"],
])("refuses an empty If-Match: %s %s", async (method, path, body?: object) => {
  const answer = await service.call(method, path, body, { "if-match": "" });

  expect(answer).toMatchObject({
    status: 422,
    body: { code: "INVALID_REQUEST", detail: expect.stringContaining("if-match") },
  });
});

it.each(["/nothing", "/api/nothing"])("answers 404 with the headers of every other answer: %s", async (path) => {
  const { status, headers } = await fetch(`${sandbox.url}${path}`);

  expect([status, headers.get("cache-control"), headers.get("x-content-type-options")]).toEqual([
    404,
    "no-store",
    "nosniff",
  ]);
});
