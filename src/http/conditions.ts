/** Conditional requests (RFC 9110, 13), by the tag of what the client saw. */
import type { HttpRequest } from "@azure/functions";
import { type Current, isOfTheSame } from "../domain/http/entityTag.ts";
import { Refusal } from "../domain/policy/refusal.ts";

type Sent = Pick<HttpRequest, "headers">;

/** Whether the client already has this version (If-None-Match). A read is answered whatever the header contains. */
export function isKnown({ headers }: Sent, tag: string): boolean {
  const given = parseTags(headers.get("if-none-match") ?? "");
  return given === "*" || (given ?? []).some((other) => other.tag === tag);
}

/**
 * Refuses a change of anything but what the client saw (If-Match). A request that would be refused anyway is refused for that
 * reason (13.2.1), so this check comes last. It does not apply to what is already done, since the request is then the one
 * that did it, sent again (13.1.1).
 */
export function expectMatch(request: Sent, current: Current): void {
  const given = readTags(request, "if-match");
  if (given === undefined || given === "*") return;
  if (given.some(({ tag, isWeak }) => !isWeak && isOfTheSame(tag, current.tag))) return;
  const weak = given.some(({ isWeak }) => isWeak) ? " A weak tag (W/) never matches there (RFC 9110, 13.1.1)." : "";
  throw refuse(`${current.state} If-Match names another version of it.${weak}`, current);
}

/** Whether the client says what it saw. Refuses what cannot be read, even where nothing is compared in the end. */
export function hasCondition(request: Sent): boolean {
  return readTags(request, "if-match") !== undefined;
}

/** Whether the client names a version that it has seen (If-Match); `*` names none. */
export function namesVersion(request: Sent): boolean {
  const given = readTags(request, "if-match");
  return given !== undefined && given !== "*";
}

/** Refuses a change of something that the client believes to exist (If-Match) but that does not. */
export function expectNothingNamed(request: Sent, state: string): void {
  if (readTags(request, "if-match") === undefined) return;
  throw new Refusal("PRECONDITION_FAILED", `${state} If-Match requires that it exists.`);
}

/** Refuses to create what the client believes not to exist, or to differ from this version (If-None-Match). */
export function expectNoMatch(request: Sent, { tag, state }: Current): void {
  const given = readTags(request, "if-none-match");
  if (given === undefined) return;
  if (given !== "*" && !given.some((other) => isOfTheSame(other.tag, tag))) return;
  const wanted = given === "*" ? "that it does not exist" : "another version of it";
  throw refuse(`${state} If-None-Match requires ${wanted}.`, { tag });
}

function refuse(message: string, { tag: etag }: Pick<Current, "tag">): Refusal {
  return new Refusal("PRECONDITION_FAILED", message, { etag });
}

/** A condition that cannot be read must not be ignored. */
function readTags({ headers }: Sent, name: "if-match" | "if-none-match"): "*" | readonly GivenTag[] | undefined {
  const header = headers.get(name);
  if (header === null) return undefined;
  const tags = parseTags(header);
  if (tags) return tags;
  const message = `Header ${name} takes * or ETags as they were given, in their quotes, such as "3f9c".`;
  throw new Refusal("INVALID_REQUEST", message);
}

interface GivenTag {
  readonly tag: string;
  readonly isWeak: boolean;
}

/** Undefined for a header that is not a list of tags (8.8.3). */
function parseTags(header: string): "*" | readonly GivenTag[] | undefined {
  if (header.trim() === "*") return "*";
  const one = /[\t ]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?:,|$)/y;
  const tags: GivenTag[] = [];
  while (one.lastIndex < header.length) {
    const [, weak, tag] = one.exec(header) ?? [];
    if (tag === undefined) return undefined;
    tags.push({ tag, isWeak: weak !== undefined });
  }
  return tags.length === 0 ? undefined : tags;
}
