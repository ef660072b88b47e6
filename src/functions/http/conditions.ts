/** Conditional requests (RFC 9110, 13), by the tag of what the client has seen. */
import type { HttpRequest } from "@azure/functions";
import { isOfTheSame } from "../../domain/http/entityTag.ts";
import { Refusal } from "../../domain/policy/refusal.ts";

type Sent = Pick<HttpRequest, "headers">;

/** What a change is about, as it stands. */
export interface Current {
  readonly tag: string;
  /** A sentence for whoever has seen something else: `Operation x waits for approval.` */
  readonly state: string;
}

/** Whether the client has this already (If-None-Match). A read is answered whatever the header holds. */
export function isKnown({ headers }: Sent, tag: string): boolean {
  const given = parseTags(headers.get("if-none-match") ?? "");
  return given === "*" || (given ?? []).some((other) => other.tag === tag);
}

/**
 * Refuses a change of something else than the client has seen (If-Match). What would be refused anyway is refused for that
 * (13.2.1), so this is asked last; and not at all for what is done already, since the request is then the very one that
 * has done it, sent a second time (13.1.1).
 */
export function expectMatch(request: Sent, current: Current): void {
  const given = readTags(request, "if-match");
  if (given === undefined || given === "*") return;
  if (given.some(({ tag, isWeak }) => !isWeak && isOfTheSame(tag, current.tag))) return;
  const weak = given.some(({ isWeak }) => isWeak) ? " A weak tag (W/) never matches there (RFC 9110, 13.1.1)." : "";
  throw refuse(`${current.state} If-Match names another version of it.${weak}`, current);
}

/** Refuses a change of what the client takes to be there (If-Match), and is not. */
export function expectNothingNamed(request: Sent, state: string): void {
  if (readTags(request, "if-match") === undefined) return;
  throw new Refusal("PRECONDITION_FAILED", `${state} If-Match asks for one that is there.`);
}

/** Refuses to make what the client takes not to be there, or not to be like this (If-None-Match). */
export function expectNoMatch(request: Sent, { tag, state }: Current): void {
  const given = readTags(request, "if-none-match");
  if (given === undefined) return;
  if (given !== "*" && !given.some((other) => isOfTheSame(other.tag, tag))) return;
  const wanted = given === "*" ? "for one that is not there" : "for another version of it";
  throw refuse(`${state} If-None-Match asks ${wanted}.`, { tag });
}

function refuse(message: string, { tag: etag }: Pick<Current, "tag">): Refusal {
  return new Refusal("PRECONDITION_FAILED", message, { etag });
}

/** A condition that cannot be read must not be taken for none. */
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

/** Undefined for what is no list of tags (8.8.3). */
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
