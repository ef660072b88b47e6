import type { HttpRequest } from "@azure/functions";
import { entityTag } from "../../domain/http/entityTag.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import type { AnyOperation } from "../../domain/operation/records.ts";
import { isKnown } from "./conditions.ts";
import { decidedOn } from "./operationTag.ts";
import { type Answer, json } from "./respond.ts";

/** The status of an operation, or 304 if the caller already has it; `retryAfter` is in seconds. */
export function answerTagged(
  request: HttpRequest,
  document: object,
  { record, retryAfter }: { readonly record: AnyOperation; readonly retryAfter: string },
): Answer {
  const etag = entityTag({ is: decidedOn(record), found: document });
  const headers = { etag, ...(isFinal(record.status) ? {} : { "retry-after": retryAfter }) };
  return isKnown(request, etag) ? { status: 304, headers } : json(200, document, headers);
}
