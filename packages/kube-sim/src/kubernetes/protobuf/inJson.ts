/** A request whose body is protobuf, as the same request in JSON, which everything behind it reads. */
import type { ApiRequest } from "../request.ts";
import { decodeBody, Undecodable } from "./decode.ts";

const mediaType = "application/vnd.kubernetes.protobuf";

export function inJson(request: ApiRequest): ApiRequest {
  if (!request.headers["content-type"]?.startsWith(mediaType)) return request;
  try {
    const headers = { ...request.headers, "content-type": "application/json" };
    return { ...request, headers, body: JSON.stringify(decodeBody(request.bytes)) };
  } catch (error) {
    if (!(error instanceof Undecodable)) throw error;
    return { ...request, body: "", ...(error.isForeign ? {} : { undecodable: error.message }) };
  }
}
