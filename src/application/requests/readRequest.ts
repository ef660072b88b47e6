/** From untrusted bytes to an onboarding request, or a refusal that names every wrong field. */

import type { z } from "zod";
import type { Caller } from "../../domain/access/caller.ts";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { checkAgainstCatalog } from "../../domain/catalog/checkRequest.ts";
import { defined } from "../../domain/defined.ts";
import { isRefusalCode, type RefusalCode } from "../../domain/errors.ts";
import type { FieldProblem } from "../../domain/fieldProblem.ts";
import { messageOf } from "../../domain/messageOf.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { parsePlainly } from "../../domain/parsePlainly.ts";
import { errorAsSent } from "../../domain/policy/errorAsSent.ts";
import { findExpiryProblems } from "../../domain/policy/expiry.ts";
import { mayOperate } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { SentAs } from "../../domain/request/sentRequest.ts";
import { readSentRequest } from "../../domain/request/sentRequest.ts";
import { admit } from "../admission/admission.ts";

export const maxBodyBytes = 16 * 1024;

export function parseJson(bytes: Uint8Array, maxBytes: number = maxBodyBytes): unknown {
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes, bytes.byteLength);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal("MALFORMED_JSON", "The body is not UTF-8.");
  }
  if (text.trim() === "") throw new Refusal("MALFORMED_JSON", "The body is empty.");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal("MALFORMED_JSON", `The body is not JSON: ${messageOf(error)}`);
  }
}

/** The size is known only for a body that was read, or that states it. */
export function tooLarge(maxBytes: number, bytes?: number): Refusal {
  const size = bytes === undefined ? `more than ${maxBytes}` : String(bytes);
  return new Refusal("PAYLOAD_TOO_LARGE", `The body has ${size} bytes; the limit is ${maxBytes}.`);
}

/** Who sent a request, and the catalog against which it is read. */
export interface Reader {
  readonly catalog: Catalog;
  readonly by: Caller;
}

export interface Received extends SentAs {
  readonly request: OnboardingRequest;
  /** Rewrites a refusal of the request to name the fields as sent; returns any other error unchanged. */
  asSent(error: unknown): unknown;
}

/** The request in the value, in either form. */
export function receiveRequest(reader: Reader, value: unknown): Received {
  const { read, namespaceField } = readSentRequest(value);
  if ("issues" in read) throw refuse(read.issues.flatMap(toProblems));
  const sentAs = namespaceField ? { namespaceField } : {};
  const asSent = (error: unknown) => errorAsSent(error, sentAs);
  try {
    return { request: checkRequest(reader, read.request), asSent, ...sentAs };
  } catch (error) {
    throw asSent(error);
  }
}

/**
 * Callers learn what their teams may ask for, and nothing about the rest of the catalog: what none of a caller's teams may
 * ask for is refused before anyone checks whether it exists.
 */
export function checkRequest({ catalog, by }: Reader, request: OnboardingRequest): OnboardingRequest {
  const team = mayOperate(by) ? request.team : admit({ ports: { catalog }, by }, request).team;
  const problems = checkAgainstCatalog(catalog, request);
  if (problems.length === 0) return request;
  // Its ends are checked when it is accepted; whoever has to correct it learns of both at once.
  const ends = findExpiryProblems(catalog, request, { now: Date.now(), team });
  throw refuse([...problems, ...ends], { cluster: request.cluster, namespace: request.namespace });
}

/** The parsed value, or a refusal that names every wrong field. */
export function parseFields<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = parsePlainly(schema, value);
  if ("issues" in parsed) throw refuse(parsed.issues.flatMap(toProblems));
  return parsed.data;
}

function refuse(problems: readonly FieldProblem[], about?: NamespaceRef): Refusal {
  const codes = new Set(problems.map(({ code }) => code));
  const [only] = codes;
  const code = codes.size === 1 && only !== undefined ? only : "INVALID_REQUEST";
  const errors = problems.map(({ pointer, detail }) => ({ pointer, detail }));
  const message = errors.map(({ pointer, detail }) => `${pointer || "the request"}: ${detail}`).join("; ");
  return new Refusal(code, message, { errors, ...defined({ about }) });
}

export function toProblems(issue: z.core.$ZodIssue): readonly FieldProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      pointer: toPointer([...issue.path, key]),
      code: "INVALID_REQUEST",
      detail: "is not a known field",
    }));
  }
  return [{ pointer: toPointer(issue.path), code: codeOf(issue), detail: issue.message }];
}

/** A rule of the schema may have its own code. */
function codeOf(issue: z.core.$ZodIssue): RefusalCode {
  const own: unknown = issue.code === "custom" ? issue.params?.["code"] : undefined;
  return typeof own === "string" && isRefusalCode(own) ? own : "INVALID_REQUEST";
}

/** RFC 6901 */
function toPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
