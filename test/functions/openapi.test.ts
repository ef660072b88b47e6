/** The service's documents against the service itself, as src/main.ts composes it. */
import { beforeAll, expect, it, vi } from "vitest";
import { createOpenApi } from "../../src/functions/openapi.ts";
import { registrations } from "../support/core.ts";
import { createSchemaDocument } from "../support/jsonSchema.ts";
import { createCheck, type OpenApi } from "../support/openApi.ts";

let routes: string[];
let document: OpenApi & {
  readonly tags: readonly { name: string }[];
  readonly servers: readonly { url: string }[];
  readonly components: { readonly examples: Readonly<Record<string, { readonly value: unknown }>> };
};

beforeAll(async () => {
  vi.stubEnv("MOORING_TABLES_ENDPOINT", "https://tables.example");
  vi.stubEnv("ServiceBusConnection__fullyQualifiedNamespace", "mooring.servicebus.windows.net");
  await import("../../src/main.ts");
  vi.unstubAllEnvs();
  routes = [...registrations.functions.values()].flatMap(({ metadata }) =>
    Object.values(metadata.bindings)
      .filter(({ type }) => type === "httpTrigger")
      .flatMap(({ route, methods }) => [methods].flat().map((method) => `${String(method)} /${String(route)}`)),
  );
  document = JSON.parse(JSON.stringify(createOpenApi()));
});

it("documents exactly the app's paths, and each path handles every method once", () => {
  const taken = Object.keys(document.paths).flatMap((path) =>
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => `${method} ${path}`),
  );

  expect(Object.keys(document.paths).length).toBeGreaterThan(15);
  // Which methods a path has: test/sandbox/badInput.test.ts. The dashboard's pages are for people.
  expect(routes.filter((route) => !/ \/(dashboard\/|\{none:)/.test(route)).toSorted()).toEqual(taken.toSorted());
});

it("describes each route, and gives it a unique name", () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods)) as {
    operationId?: string;
    summary?: string;
    description?: string;
    tags?: readonly string[];
  }[];
  const tags = document.tags.map(({ name }) => name);

  expect(operations.filter(({ summary, description }) => !summary || !description)).toEqual([]);
  expect(operations.filter((operation) => operation.tags?.length !== 1)).toEqual([]);
  expect([...new Set(operations.flatMap((operation) => operation.tags))].toSorted()).toEqual(tags.toSorted());
  expect(document.servers[0]?.url).toBe("/");
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

it("has an example for everything that is sent and answered, and each matches its schema", () => {
  const schemas = createSchemaDocument(document);
  const wrong: string[] = [];
  let examples = 0;
  const look = (at: unknown, way: readonly string[]): void => {
    if (typeof at !== "object" || at === null) return;
    const { schema, examples: named, content } = at as MediaType;
    for (const [type, media] of Object.entries(content ?? {})) {
      if (Object.keys(media.examples ?? {}).length === 0) wrong.push(`${way.join(" ")} ${type}: no example`);
    }
    for (const [name, example] of Object.entries(schema && !Array.isArray(named) ? (named ?? {}) : {})) {
      examples += 1;
      const problems = schemas.validate([...way, "schema"], readExample(example));
      wrong.push(...problems.map((problem) => `${way.join(" ")} ${name}: ${problem}`));
    }
    for (const [name, child] of Object.entries(at)) {
      if (name !== "schema" && name !== "examples") look(child, [...way, name]);
    }
  };
  look(document.paths, ["paths"]);

  expect(examples).toBeGreaterThan(200);
  expect(wrong).toEqual([]);
});

it("shows for each problem a code with that status", () => {
  const answers = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ responses }) => Object.entries(responses)),
  );
  const problems = answers.flatMap(([status, { content }]) => {
    const [example] = Object.values((content?.["application/problem+json"] as MediaType | undefined)?.examples ?? {});
    return example ? [[status, (readExample(example) as { status: number }).status]] : [];
  });

  expect(problems.length).toBeGreaterThan(100);
  expect(problems.filter(([status, shown]) => status !== "default" && status !== String(shown))).toEqual([]);
});

type Example = { readonly value: unknown } | { readonly $ref: string };

interface MediaType {
  readonly schema?: object;
  readonly examples?: Readonly<Record<string, Example>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

function readExample(example: Example): unknown {
  if (!("$ref" in example)) return example.value;
  const [, name = ""] = /^#\/components\/examples\/(\w+)$/.exec(example.$ref) ?? [];
  return document.components.examples[name]?.value;
}

it("has every example once", () => {
  const found: string[] = [];
  const look = (at: unknown): void => {
    if (typeof at !== "object" || at === null) return;
    if ("value" in at && Object.keys(at).length === 1) found.push(JSON.stringify(at));
    else Object.values(at).forEach(look);
  };
  look(document);

  expect(found.length).toBeGreaterThan(40);
  expect(found.filter((example, index) => found.indexOf(example) < index)).toEqual([]);
  expect(JSON.stringify(document).length).toBeLessThan(246_000);
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
  // A misspelt flag is refused everywhere, so that a dry run never becomes the change.
  expect(changing.filter(({ responses }) => !("400" in responses)).map(({ name }) => name)).toEqual([]);
});

it("detects an answer that does not match the document", () => {
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

  const check = createCheck(document);
  expect(check(good)).toEqual([]);
  for (const change of changes) expect(check({ ...good, ...change })).toHaveLength(1);
});
