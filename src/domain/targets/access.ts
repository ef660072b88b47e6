/** What a namespace may do on a target, in words that every kind of target shares; each kind has some of them. */
import { z } from "zod";

export const Access = z.enum(["read", "write", "send", "receive", "use", "own"]);
export type Access = z.infer<typeof Access>;

/** What a word includes on every kind that has both: whoever keeps it loses none of these. */
const included: { readonly [Word in Access]: readonly Access[] } = {
  read: [],
  write: ["read", "send", "receive"],
  send: [],
  receive: [],
  use: [],
  own: ["write", "read", "send", "receive"],
};

/** The words, and what they include. */
export function withIncluded(words: readonly Access[]): ReadonlySet<Access> {
  return new Set(words.flatMap((word) => [word, ...included[word]]));
}
