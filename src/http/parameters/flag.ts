import type { HttpRequest } from "@azure/functions";
import { z } from "zod";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Parameter } from "../declaration.ts";
import { flagProblem } from "../docs/answers.ts";

/** A query parameter that is true or false; absent, it is false. */
export function flag(name: string, description: string): Parameter<boolean> {
  return {
    query: { [name]: z.boolean().optional().meta({ description }) },
    answers: flagProblem,
    read: (request) => readFlag(request, name),
  };
}

/**
 * Refuses a flag that it does not understand, instead of reading it as false: a caller who writes `dryRun=yes` wants nothing to
 * happen. One with another name does not get this far (http/unknownParameters.ts).
 */
export function readFlag({ query }: Pick<HttpRequest, "query">, name: string): boolean {
  const [value, ...more] = query.getAll(name);
  if (more.length > 0) throw refuseFlag(name, "must appear only once");
  if (value === undefined || value === "false") return false;
  if (value === "true" || value === "") return true;
  throw refuseFlag(name, `must be true or false, not "${value}"`);
}

/** For a change that cannot be planned: a caller who wants a dry run must not get the change. */
export function refuseDryRun(request: Pick<HttpRequest, "query">, why: string): void {
  if (readFlag(request, "dryRun")) throw refuseFlag("dryRun", `is not offered here, and nothing was done: ${why}`);
}

function refuseFlag(name: string, detail: string): Refusal {
  return new Refusal("INVALID_PARAMETER", `Query parameter ${name} ${detail}.`, {
    errors: [{ pointer: `?${name}`, detail }],
  });
}
