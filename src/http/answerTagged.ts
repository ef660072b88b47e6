import { entityTag } from "../domain/http/entityTag.ts";
import { decidedOn } from "../domain/http/operationTag.ts";
import { isFinal } from "../domain/operation/operation.ts";
import type { AnyOperation } from "../domain/operation/records.ts";
import { type Answer, json } from "./respond.ts";

/** Whether the caller already has the version with this tag. */
export type IsKnown = (tag: string) => boolean;

/** The status of an operation, or 304 if the caller already has it; `retryAfter` is in seconds. */
export function answerTagged(
  document: object,
  { record, retryAfter, isKnown }: { record: AnyOperation; retryAfter: string; isKnown: IsKnown },
): Answer {
  const etag = entityTag({ is: decidedOn(record), found: document });
  const headers = { etag, ...(isFinal(record.status) ? {} : { "retry-after": retryAfter }) };
  return isKnown(etag) ? { status: 304, headers } : json(200, document, headers);
}
