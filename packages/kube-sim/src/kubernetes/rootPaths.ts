/** The document at the root: every path that is no object's. */
import type { JsonObject } from "azure-sim/json";
import { discoveryPaths } from "./discovery.ts";
import { healthPaths } from "./health.ts";
import type { Resources } from "./resource.ts";

const others = [
  ...["/.well-known/openid-configuration", "/openid/v1/jwks", "/openapi/v2", "/openapi/v3", "/openapi/v3/"],
  ...["/flagz", "/metrics", "/metrics/slis", "/statusz", "/version"],
];

export function rootPaths(resources: Resources): JsonObject {
  return { paths: [...discoveryPaths(resources), ...healthPaths, ...others].toSorted() };
}
