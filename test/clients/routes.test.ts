import { expect, it } from "vitest";
import { methodOf, pathOf, type Route } from "../../clients/api.ts";
import { routes } from "../../clients/routes.ts";
import { documentsOf, everyRoute, queryOf } from "../../src/functions/openapi.ts";

/** Documents that no client reads, each of a standard of its own. */
const ofStandards = ["GET /api/onboardings/schema.json", "GET /api/events/schema.json", "GET /api/openapi.json"];

it("the clients know each route as it is declared (otherwise: node tools/run.mjs tools/writeRoutes.ts)", async () => {
  const declared = everyRoute.map((route) => {
    const key = `${route.method} ${route.at.path}`;
    return [key, { query: queryOf(route), documents: ofStandards.includes(key) ? {} : documentsOf(route) }] as const;
  });
  const known = await Promise.all(
    Object.entries(routes).map(async ([key, { query, documents }]) => {
      const loaded = Object.entries(documents).map(async ([status, load]) => [status, await load()]);
      return [key, { query, documents: Object.fromEntries(await Promise.all(loaded)) }] as const;
    }),
  );

  expect(known.map(([key]) => key)).toEqual(declared.map(([key]) => key));
  for (const [index, [key, { query, documents }]] of declared.entries()) {
    const [, found] = known[index] ?? [];
    expect(found?.query, key).toEqual(query);
    // The same schemas, not equal ones.
    expect(Object.entries(found?.documents ?? {}), key).toEqual(
      Object.entries(documents).map(([status, schema]) => [status, expect.toSatisfy((each) => each === schema)]),
    );
  }
});

it("a path has the names of its call, encoded", () => {
  const at = { cluster: "aks dev", namespace: "a/b" };
  const route: Route = "DELETE /api/namespaces/{cluster}/{namespace}";

  expect(methodOf({ route })).toBe("DELETE");
  expect(pathOf({ route, at })).toBe("/api/namespaces/aks%20dev/a%2Fb");
});
