/** The documents of the service against the service itself: as it is composed in src/main.ts. */
import { beforeAll, expect, it, vi } from "vitest";
import { createOpenApi } from "../../../src/functions/docs/openapi.ts";
import { registrations } from "../../support/core.ts";
import { checkAnswer, type OpenApi } from "../../support/openApi.ts";

let routes: string[];
let document: OpenApi;

beforeAll(async () => {
  vi.stubEnv("MOORING_TABLES_ENDPOINT", "https://tables.example");
  vi.stubEnv("ServiceBusConnection__fullyQualifiedNamespace", "mooring.servicebus.windows.net");
  await import("../../../src/main.ts");
  vi.unstubAllEnvs();
  routes = [...registrations.functions.values()].flatMap(({ metadata }) =>
    Object.values(metadata.bindings)
      .filter(({ type }) => type === "httpTrigger")
      .flatMap(({ route, methods }) => [methods].flat().map((method) => `${String(method)} /${String(route)}`)),
  );
  document = JSON.parse(JSON.stringify(createOpenApi()));
});

it("documents every route of the app, and no other", () => {
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );

  expect(routes.length).toBeGreaterThan(15);
  // The pages of the dashboard are for people.
  const ofTheApi = routes.filter((route) => !route.startsWith("GET /dashboard/"));
  expect(ofTheApi).toHaveLength(routes.length - 1);
  expect(documented.toSorted()).toEqual(ofTheApi.toSorted());
});

it("says what each route is for, and names it once", () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods)) as {
    operationId?: string;
    summary?: string;
  }[];

  expect(operations.filter(({ summary }) => !summary)).toEqual([]);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

it("offers a dry run of every request that changes something, or says why there is none", () => {
  interface Changing {
    readonly description?: string;
    readonly parameters?: readonly { readonly name: string }[];
    readonly responses: object;
  }
  const changing = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Changing>).flatMap(([method, operation]) =>
      method === "get" ? [] : [{ name: `${method.toUpperCase()} ${path}`, ...operation }],
    ),
  );
  const planned = changing.filter(({ parameters = [] }) => parameters.some(({ name }) => name === "dryRun"));
  const unplanned = changing.filter((operation) => !planned.includes(operation));

  expect(planned.length).toBeGreaterThanOrEqual(5);
  expect(
    unplanned.filter(({ description = "" }) => !/^No dry run: ./.test(description)).map(({ name }) => name),
  ).toEqual([]);
  // A slip in the flag is refused everywhere, so that it never becomes the change.
  expect(changing.filter(({ responses }) => !("400" in responses)).map(({ name }) => name)).toEqual([]);
});

it("finds an answer that is not as the document says", () => {
  const good = {
    method: "GET",
    path: "/api/health/live",
    status: 200,
    contentType: "application/json",
    body: { status: "ok" },
  };
  const changes = [
    { body: { status: "fine" } },
    { body: { status: "ok", secret: "x" } },
    { body: {} },
    { status: 201 },
    { contentType: "text/plain" },
    { path: "/api/health/other" },
  ];

  expect(checkAnswer(document, good)).toEqual([]);
  for (const change of changes) expect(checkAnswer(document, { ...good, ...change })).toHaveLength(1);
});
