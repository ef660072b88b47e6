/**
 * How deep a body may be nested. A real API server reads 10,000 levels; to merge, compare and write as many, the stack of Node is
 * too small.
 */
import type { Json } from "azure-sim/json";
import { type ApiFailure, badRequest } from "./failures.ts";

/** Levels of objects and arrays. */
const deepest = 500;

/** Throws for a value that is nested deeper. */
export function shallow(value: Json): Json {
  let level: readonly Json[] = [value];
  for (let depth = 0; depth <= deepest && level.length > 0; depth += 1) {
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  if (level.length > 0) throw tooDeep();
  return value;
}

export function tooDeep(): ApiFailure {
  return badRequest(`the simulated API server reads ${deepest} levels of objects and arrays, and no more`);
}
