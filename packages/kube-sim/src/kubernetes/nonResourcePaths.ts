/** The paths that are no resources: discovery, OpenAPI, health, documents of the cluster itself. */
import type { JsonObject } from "azure-sim/json";
import type { Answer } from "./answer.ts";
import { aggregatedDiscovery, aggregatedType, discoveryDocument } from "./discovery.ts";
import { methodNotAllowed, noSuchResource } from "./failures.ts";
import { answerHealth } from "./health.ts";
import { negotiate, wantsAggregated } from "./negotiation.ts";
import { openApiDocument } from "./openApi.ts";
import { answerOpenApiV2, openApiV2Path } from "./openApiV2.ts";
import type { ApiRequest } from "./request.ts";
import type { Resources } from "./resource.ts";
import { rootPaths } from "./rootPaths.ts";

interface Environment {
  readonly resources: Resources;
  /** Documents of the cluster itself, by path: the issuer's discovery documents. */
  readonly documents: Readonly<Record<string, JsonObject>>;
  /** Host and port. */
  readonly address: () => string;
}

export const pageNotFound: Answer = { code: 404, body: "404 page not found\n" };
const nothingThere: Answer = { code: 404, body: "", contentType: "" };

export function answerPath({ resources, documents, address }: Environment, request: ApiRequest): Answer {
  const { pathname } = request.url;
  const accept = request.headers["accept"];
  const health = answerHealth(request);
  if (health !== undefined) return health;
  if (pathname === "/") return { code: 200, body: rootPaths(resources) };
  if (pathname === openApiV2Path) return answerOpenApiV2(resources, accept);
  const aggregated = wantsAggregated(accept) ? aggregatedDiscovery(resources, pathname) : undefined;
  const document =
    documents[pathname] ?? discoveryDocument(resources, pathname, address()) ?? openApiDocument(resources, pathname);
  if (document === undefined && pathname.startsWith("/openapi/v3/")) return nothingThere;
  if (document === undefined && !isUnknownVersion(resources, pathname)) return pageNotFound;
  if (document === undefined) throw noSuchResource();
  if (request.method !== "GET" && !takesAnyMethod(pathname)) throw methodNotAllowed();
  if (aggregated !== undefined) return { code: 200, body: aggregated, contentType: aggregatedType };
  if (/^\/apis?(\/|$)/.test(pathname)) negotiate(accept, { isCustom: false, hasForms: false });
  return { code: 200, body: document };
}

/** One of Kubernetes' own: a version that only definitions would add is no path at all. */
export function hasGroup(resources: Resources, name: string): boolean {
  const isCustom = resources.all().some((each) => each.group === name && each.isCustom);
  return !isCustom && discoveryDocument(resources, `/apis/${name}`) !== undefined;
}

/** Of a group that is served. */
function isUnknownVersion(resources: Resources, pathname: string): boolean {
  const [root, group, version, ...rest] = pathname.split("/").filter((part) => part !== "");
  if (root === "api") return group !== undefined && version === undefined;
  return root === "apis" && version !== undefined && rest.length === 0 && hasGroup(resources, group ?? "");
}

/** The lists of groups look at no method. */
function takesAnyMethod(pathname: string): boolean {
  return /^\/apis(\/[^/]*)?\/?$/.test(pathname) || pathname.startsWith("/openapi/");
}
