/** The body of a request, decoded as its media type says. */
import { at, isObject, type Json, type JsonObject, stringAt } from "azure-sim/json";
import { YAMLParseError } from "yaml";
import { messageOf } from "../messageOf.ts";
import { notAnObject, unparsable, unrecognized } from "./body.ts";
import { type Decoded, decodeText } from "./decodeText.ts";
import { ApiFailure, badRequest, unsupportedMediaType } from "./failures.ts";
import { jsonProblem } from "./goJson.ts";
import { tooDeep } from "./nesting.ts";
import type { ApiRequest } from "./request.ts";
import type { Resource } from "./resource.ts";

export function read(request: ApiRequest): Json {
  return decode(request).value;
}

/** In bytes. */
const longestRequest = 3 * 1024 * 1024;

export function decode(
  { method, body, bytes, headers, undecodable }: ApiRequest,
  resource?: Pick<Resource, "kind">,
): Decoded {
  if (bytes.length > longestRequest) {
    const message = `Request entity too large: limit is ${longestRequest}`;
    throw new ApiFailure(413, "RequestEntityTooLarge", message);
  }
  if (undecodable !== undefined && resource === undefined) throw badRequest(`error decoding the body: ${undecodable}`);
  if (undecodable !== undefined && resource !== undefined)
    throw unrecognized(resource, bytes.toString("latin1"), undecodable);
  const mediaType = mediaTypeOf({ headers });
  const isPatch = /^application\/[-a-z]*patch\+(json|yaml)$/.test(mediaType);
  if (!["", "application/json", "application/yaml"].includes(mediaType) && !(isPatch && method === "PATCH")) {
    const accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
    );
  }
  try {
    return decodeText(body, mediaType.endsWith("yaml"));
  } catch (error) {
    if (error instanceof ApiFailure) throw error;
    if (!mediaType.endsWith("yaml")) {
      const why = jsonProblem(body) ?? "";
      if (method === "PATCH") throw badRequest(mediaType.includes("strategic") ? why : `error decoding patch: ${why}`);
      if (method === "DELETE") throw badRequest(`couldn't get version/kind; json parse error: ${why}`);
    }
    if (error instanceof YAMLParseError && error.code === "RESOURCE_EXHAUSTION") throw tooDeep();
    if (resource !== undefined && !mediaType.endsWith("yaml")) throw unparsable(resource, body);
    const why = yamlProblem(error, body);
    if (resource !== undefined && why !== undefined) throw unrecognized(resource, body, why);
    if (method === "PATCH" && why !== undefined) {
      throw badRequest(`error decoding YAML: error converting YAML to JSON: ${why}`);
    }
    throw badRequest(`error decoding the body: ${messageOf(error)}`);
  }
}

/** In the words of Go's parser, where it has some for this. */
function yamlProblem(error: unknown, text: string): string | undefined {
  const alias = error instanceof ReferenceError ? /Unresolved alias .*: (\S+)$/.exec(error.message)?.[1] : undefined;
  if (alias !== undefined) return `yaml: unknown anchor '${alias}' referenced`;
  if (!(error instanceof YAMLParseError)) return undefined;
  const line = error.linePos?.[0].line ?? 0;
  switch (error.code) {
    case "BLOCK_AS_IMPLICIT_KEY":
      return `yaml: line ${line + 1}: mapping values are not allowed in this context`;
    case "TAB_AS_INDENT":
      return `yaml: line ${line}: ${tabProblem(text.split("\n")[line - 2] ?? "")}`;
    case "BAD_INDENT":
      return `yaml: line ${line}: did not find expected node content`;
    default:
      return undefined;
  }
}

/** Where a value would begin, a tab is no indentation at all. */
function tabProblem(lineBefore: string): string {
  return /[:-]\s*$/.test(lineBefore)
    ? "found character that cannot start any token"
    : "found a tab character that violates indentation";
}

/** With malformed parameters it is none that anybody knows. */
export function mediaTypeOf({ headers }: Pick<ApiRequest, "headers">): string {
  const [type = "", ...parameters] = (headers["content-type"] ?? "").split(";");
  const isMalformed = parameters.some((each) => each.trim() !== "" && !/^[^\s=]+=\S.*$/.test(each.trim()));
  return isMalformed ? "malformed" : type.trim().toLowerCase();
}

/** The fields of DeleteOptions, with Go's names of their structs and types. */
const typed = [
  { struct: "Preconditions", path: ["preconditions", "uid"], type: "types.UID", found: "string" },
  { struct: "Preconditions", path: ["preconditions", "resourceVersion"], type: "string", found: "string" },
  { struct: "DeleteOptions", path: ["propagationPolicy"], type: "v1.DeletionPropagation", found: "string" },
  { struct: "DeleteOptions", path: ["gracePeriodSeconds"], type: "int64", found: "number" },
  { struct: "DeleteOptions", path: ["orphanDependents"], type: "bool", found: "boolean" },
] as const;

function requireTypesOfOptions(body: JsonObject): void {
  for (const { struct, path, type, found } of typed) {
    const value = at(body, ...path) ?? null;
    if (value === null || typeof value === found) continue;
    const what = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    throw badRequest(`json: cannot unmarshal ${what} into Go struct field ${struct}.${path.join(".")} of type ${type}`);
  }
}

/** The DeleteOptions that a client sends, or none. */
export function deletionBody(request: ApiRequest): JsonObject {
  if (request.body === "") return {};
  const body = read(request);
  if (!isObject(body)) throw badRequest(notAnObject(body));
  const [kind, apiVersion] = [stringAt(body, "kind"), stringAt(body, "apiVersion") ?? ""];
  if (kind !== undefined && kind !== "DeleteOptions") {
    throw badRequest(
      `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  requireTypesOfOptions(body);
  return body;
}
