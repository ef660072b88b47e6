import type { SentAs } from "../request/sentRequest.ts";
import { textAsSent } from "../request/sentRequest.ts";
import { Refusal } from "./refusal.ts";

/** A refusal that names the fields as they were sent, possibly in an object; any other error unchanged. */
export function errorAsSent(error: unknown, { namespaceField }: SentAs = {}): unknown {
  return error instanceof Refusal ? error.reworded((text) => textAsSent(namespaceField, text)) : error;
}
