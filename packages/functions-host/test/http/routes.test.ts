import { expect, test } from "vitest";
import type { RegisteredFunction } from "../../src/app.ts";
import { createRoutes } from "../../src/http/routes.ts";

function routesOf(table: Record<string, string>, { prefix = "api" } = {}) {
  const declarations = Object.entries(table).map(([name, text]) => {
    const [methods = "", route = ""] = text.split(" ");
    const trigger = { name: "request", type: "httpTrigger", direction: "in" } as const;
    const definition: RegisteredFunction = { name, functionId: name, trigger, bindings: [trigger] };
    return { definition, route, methods: methods.split(",") };
  });
  const routes = createRoutes(declarations, { prefix });
  return {
    routes,
    find(request: string) {
      const [method = "", path = ""] = request.split(" ");
      const found = routes.match(method, path);
      return found && [found.route.definition.name, found.params];
    },
  };
}

test("matches literals under the prefix, regardless of case and a trailing slash", () => {
  const { find } = routesOf({ list: "GET Operations" });

  expect(find("GET /api/operations")).toEqual(["list", {}]);
  expect(find("GET /API/OPERATIONS/")).toEqual(["list", {}]);
  expect(find("GET /operations")).toBeUndefined();
  expect(find("GET /api/operations/1")).toBeUndefined();
});

test("an empty prefix and an empty route match the root", () => {
  const { find } = routesOf({ home: "GET " }, { prefix: "" });

  expect(find("GET /")).toEqual(["home", {}]);
});

test("an optional parameter without a character matches the root alone", () => {
  const { find } = routesOf({ home: "GET {none:maxlength(0)?}", short: "GET items/{id:maxlength(2)}" }, { prefix: "" });

  expect(find("GET /")).toEqual(["home", {}]);
  expect(find("GET /a")).toBeUndefined();
  expect(find("GET /items/ab")).toEqual(["short", { id: "ab" }]);
  expect(find("GET /items/abc")).toBeUndefined();
});

test("decodes parameters and preserves their case", () => {
  const { find } = routesOf({ show: "GET namespaces/{cluster}/{namespace}" });

  expect(find("GET /api/namespaces/Aks%20Dev/Orders")).toEqual(["show", { cluster: "Aks Dev", namespace: "Orders" }]);
  // Seen on the real host: only a slash stays escaped.
  expect(find("GET /api/namespaces/a%2Fb/%3F%2f%25")).toEqual(["show", { cluster: "a%2Fb", namespace: "?%2f%" }]);
  expect(find("GET /api/namespaces/a%E0%A4%A/b")).toEqual(["show", { cluster: "a%E0%A4%A", namespace: "b" }]);
});

test("omits an optional parameter that the path lacks", () => {
  const { find } = routesOf({ start: "POST start/{name}/{id?}" });

  expect(find("POST /api/start/hello")).toEqual(["start", { name: "hello" }]);
  expect(find("POST /api/start/hello/7")).toEqual(["start", { name: "hello", id: "7" }]);
  expect(find("POST /api/start")).toBeUndefined();
});

test("a catch-all matches the rest of the path including slashes, or nothing", () => {
  const { find } = routesOf({ files: "GET dashboard/{*path}" }, { prefix: "" });

  expect(find("GET /dashboard/a/b.js")).toEqual(["files", { path: "a/b.js" }]);
  expect(find("GET /dashboard")).toEqual(["files", {}]);
  expect(find("GET /dashboards")).toBeUndefined();
});

test("picks the first function by name whose route and method match, as Azure does", () => {
  const { find, routes } = routesOf({
    zList: "GET products/list",
    details: "GET products/{id}",
    create: "POST products/{id}",
  });

  expect(find("GET /api/products/list")).toEqual(["details", { id: "list" }]);
  expect(find("POST /api/products/list")).toEqual(["create", { id: "list" }]);
  expect(routes.findShadowed().map((pair) => pair.map(({ definition }) => definition.name))).toEqual([
    ["details", "zList"],
  ]);
});

test("a method that no function accepts has no match", () => {
  const { find } = routesOf({ list: "GET operations" });

  expect(find("DELETE /api/operations")).toBeUndefined();
  expect(find("HEAD /api/operations")).toBeUndefined();
});

test.each([
  [
    "GET items/{id:int}",
    '"{id:int}" has a constraint, which this host does not check; leave it out, or start the app with',
  ],
  ["GET items/{*rest}/tail", "a catch-all parameter must be the last"],
  ["GET items/{id", "a brace is not closed"],
  ["GET items/{id??}", '"{id??}" is not a parameter this host understands'],
  ["GET {a}/{a}", 'the parameter "a" appears twice'],
])("refuses %s and names the function", (route, reason) => {
  expect(() => routesOf({ bad: route })).toThrow(/Function "bad" has a route that cannot be used/);
  expect(() => routesOf({ bad: route })).toThrow(reason);
});
