import type { SentAs } from "../request/sentRequest.ts";
import { textAsSent } from "../request/sentRequest.ts";
import { Refusal } from "./refusal.ts";

/** A refusal by the fields of what was sent, which may have been an object; any other error as it is. */
export function errorAsSent(error: unknown, { namespaceField }: SentAs = {}): unknown {
  return error instanceof Refusal ? error.retold((text) => textAsSent(namespaceField, text)) : error;
}
