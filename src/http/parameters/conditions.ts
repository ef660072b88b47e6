/** Conditional requests as parameters; http/conditions.ts compares the tags. */
import type { HttpRequest } from "@azure/functions";
import { z } from "zod";
import type { Current } from "../../domain/http/entityTag.ts";
import { expectMatch, expectNoMatch, expectNothingNamed, hasCondition, isKnown } from "../conditions.ts";
import type { Parameter } from "../declaration.ts";
import { isOther } from "../docs/answers.ts";

/** `*`, or tags as they were given (RFC 9110, 8.8.3). */
const entityTags = z.string().regex(/^(\*|(W\/)?"[!#-~]*"( *, *(W\/)?"[!#-~]*")*)$/);

export const ifMatchHeader = entityTags.optional().meta({
  description:
    "The ETag of what the change is about, as the caller saw it: the header or the field `etag` of its document or plan. If it has changed since, the answer is 412. Compared strongly, so a weak tag never matches; `*` only requires that it exists.",
});

/** Whether the caller already has the version with this tag. */
export const known: Parameter<(tag: string) => boolean> = {
  header: { "if-none-match": z.string().optional() },
  answers: { 304: { description: "If-None-Match names the current version." } },
  read: (request) => (tag) => isKnown(request, tag),
};

/** What a change may apply to: all of these throw if it is something else. */
export interface Condition {
  readonly isGiven: boolean;
  match(current: Current): void;
  /** For what does not exist; the state says so. */
  matchNothing(state: string): void;
}

export function conditionOf(request: Pick<HttpRequest, "headers">): Condition {
  return {
    isGiven: hasCondition(request),
    match: (current) => expectMatch(request, current),
    matchNothing: (state) => expectNothingNamed(request, state),
  };
}

/** Refuses what already exists. */
export function unlessExists(description: string): Parameter<(current: Current) => void> {
  return {
    header: { "if-none-match": entityTags.optional().meta({ description }) },
    read: (request) => (current) => expectNoMatch(request, current),
  };
}

export const conditionProblem = { 412: isOther };
