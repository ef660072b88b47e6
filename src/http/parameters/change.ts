/** What every change has in common: it can be planned, sent twice, and tied to the version that its sender saw. */

import type { HttpRequest } from "@azure/functions";
import { z } from "zod";
import { defined } from "../../domain/defined.ts";
import type { Parameter } from "../declaration.ts";
import { flagProblem, problem } from "../docs/answers.ts";
import { readKey } from "../idempotency.ts";
import { type Condition, conditionOf, conditionProblem, ifMatchHeader } from "./conditions.ts";
import { flag, readFlag, refuseDryRun } from "./flag.ts";

export interface Change {
  readonly isDryRun: boolean;
  readonly condition: Condition;
  /** For its idempotency key (http/idempotency.ts). */
  readonly request: HttpRequest;
}

const planned = flag(
  "dryRun",
  "true returns the plan and writes nothing. Only true and false are valid, so that a typo never becomes a change.",
);

const idempotencyKey = {
  "idempotency-key": z
    .string()
    .regex(/^[!-~]{1,255}$/)
    .optional()
    .meta({
      description:
        "The same key with the same request returns the same answer for 24 hours. Repeatability-Request-ID also works.",
    }),
};

const keyProblem = {
  422: problem("The idempotency key was used for a different request, or is malformed.", "IDEMPOTENCY_KEY_REUSED"),
};

/** A change that begins an operation. */
export const change: Parameter<Change> = {
  ...defined({ query: planned.query }),
  header: { ...idempotencyKey, "if-match": ifMatchHeader },
  answers: { ...flagProblem, ...conditionProblem, ...keyProblem },
  read(request) {
    const isDryRun = readFlag(request, "dryRun");
    readKey(request);
    return { isDryRun, condition: conditionOf(request), request };
  },
};

/** A change without a plan, for the reason that it gives. */
export function changeWithoutPlan(why: string): Parameter<Omit<Change, "isDryRun">> {
  return {
    refused: ["dryRun"],
    header: { ...idempotencyKey, "if-match": ifMatchHeader },
    answers: { ...flagProblem, ...conditionProblem, ...keyProblem },
    read: (request) => {
      refuseDryRun(request, why);
      readKey(request);
      return { condition: conditionOf(request), request };
    },
  };
}

/** A decision, which is its own idempotency key. */
export const decision: Parameter<Omit<Change, "request">> = {
  ...defined({ query: planned.query }),
  header: { "if-match": ifMatchHeader },
  answers: { ...flagProblem, ...conditionProblem },
  read: (request) => ({ isDryRun: readFlag(request, "dryRun"), condition: conditionOf(request) }),
};
