/** Azure's form of paging: `top`, and `continuation` from the address of the next page. */
import type { HttpRequest } from "@azure/functions";
import { z } from "zod";
import { readCursor } from "../../domain/http/cursor.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Parameter } from "../declaration.ts";
import { pagingProblems } from "../docs/answers.ts";
import { readQuery } from "./query.ts";

const defaultLimit = 50;

/** JSON in base64url (domain/http/cursor.ts); only a text from a nextLink is one. */
const Continuation = z
  .string()
  .regex(/^eyJ[A-Za-z0-9_-]+$/, "does not come from a nextLink")
  .meta({ description: "From the `nextLink` of the previous page." });

export interface Page {
  readonly asked: { readonly limit: number; readonly continuation?: string };
  /** The address of the next page, absent on the last. */
  next(continuation: string | undefined): { readonly nextLink?: string };
}

/** A page of a list, with at most that many entries. */
export function page(most = 200): Parameter<Page> {
  const query = { top: z.int().min(1).max(most).optional(), continuation: Continuation.optional() };
  return {
    query,
    answers: pagingProblems,
    read: (request) => ({
      asked: readPage(request, z.object(query)),
      next: (continuation) => (continuation === undefined ? {} : { nextLink: linkTo(request, { continuation }) }),
    }),
  };
}

function readPage(
  request: HttpRequest,
  schema: z.ZodObject<{ top: z.ZodOptional<z.ZodInt>; continuation: z.ZodOptional<typeof Continuation> }>,
): Page["asked"] {
  const { top: limit = defaultLimit, continuation } = readQuery(request, schema);
  if (continuation === undefined) return { limit };
  if (readCursor(continuation)) return { limit, continuation };
  throw new Refusal("INVALID_PARAMETER", "Query parameter `continuation` does not come from a nextLink.", {
    errors: [{ pointer: "?continuation", detail: "does not come from a nextLink" }],
  });
}

/** The request's own address with other values. */
export function linkTo({ url }: Pick<HttpRequest, "url">, changes: Readonly<Record<string, string>>): string {
  const { pathname, searchParams } = new URL(url);
  for (const [name, value] of Object.entries(changes)) searchParams.set(name, value);
  return `${pathname}?${searchParams}`;
}
