/** The body of a request, decoded as its media type says. */
import { at, isObject, type Json, type JsonObject, stringAt } from "azure-sim/json";
import { YAMLParseError } from "yaml";
import { messageOf } from "../messageOf.ts";
import { type Decoded, decodeText } from "./decodeText.ts";
import { ApiFailure, badRequest, unsupportedMediaType } from "./failures.ts";
import { tooDeep } from "./nesting.ts";
import type { ApiRequest } from "./request.ts";

export function read(request: ApiRequest): Json {
  return decode(request).value;
}

/** In bytes. */
const longestRequest = 3 * 1024 * 1024;

export function decode({ method, body, bytes, headers, undecodable }: ApiRequest): Decoded {
  if (bytes.length > longestRequest) {
    const message = `Request entity too large: limit is ${longestRequest}`;
    throw new ApiFailure(413, "RequestEntityTooLarge", message);
  }
  if (undecodable !== undefined) throw badRequest(`error decoding the body: ${undecodable}`);
  const mediaType = mediaTypeOf({ headers });
  const isPatch = /^application\/[-a-z]*patch\+(json|yaml)$/.test(mediaType);
  if (!["", "application/json", "application/yaml"].includes(mediaType) && !(isPatch && method === "PATCH")) {
    throw unsupportedMediaType(["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]);
  }
  try {
    return decodeText(body, mediaType.endsWith("yaml"));
  } catch (error) {
    if (error instanceof ApiFailure) throw error;
    if (error instanceof YAMLParseError && error.code === "RESOURCE_EXHAUSTION") throw tooDeep();
    throw badRequest(`error decoding the body: ${messageOf(error)}`);
  }
}

/** With malformed parameters it is none that anybody knows. */
export function mediaTypeOf({ headers }: Pick<ApiRequest, "headers">): string {
  const [type = "", ...parameters] = (headers["content-type"] ?? "").split(";");
  const isMalformed = parameters.some((each) => each.trim() !== "" && !/^[^\s=]+=\S.*$/.test(each.trim()));
  return isMalformed ? "malformed" : type.trim().toLowerCase();
}

/** The types of DeleteOptions' fields. */
const typed: readonly (readonly [type: string, ...path: string[]])[] = [
  ["string", "preconditions", "uid"],
  ["string", "preconditions", "resourceVersion"],
  ["string", "propagationPolicy"],
  ["number", "gracePeriodSeconds"],
  ["boolean", "orphanDependents"],
];

/** The DeleteOptions that a client sends, or none. */
export function deletionBody(request: ApiRequest): JsonObject {
  if (request.body === "") return {};
  const body = read(request);
  if (!isObject(body) || !["DeleteOptions", undefined].includes(stringAt(body, "kind"))) {
    throw badRequest("the body is no DeleteOptions");
  }
  for (const [type, ...path] of typed) {
    const value = at(body, ...path) ?? null;
    if (value !== null && typeof value !== type) throw badRequest(`${path.join(".")} of DeleteOptions is no ${type}`);
  }
  return body;
}
