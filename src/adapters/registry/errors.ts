import { TransientError } from "../../domain/errors.ts";

/** By status, as the Table service documents them (learn.microsoft.com "Table storage error codes"). */
export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** EntityAlreadyExists */
export function isConflict(error: unknown): boolean {
  return statusOf(error) === 409;
}

/** UpdateConditionNotSatisfied */
export function isPreconditionFailed(error: unknown): boolean {
  return statusOf(error) === 412;
}

/** Every failure of the tables is worth another try: a wrong permission, too, is repaired outside and not by failing. */
export function toRegistryError(table: string, error: unknown): TransientError {
  const reason = error instanceof Error ? error.message : String(error);
  const status = statusOf(error);
  const what = status === undefined ? reason : `${status} ${reason}`;
  return new TransientError("REGISTRY_UNAVAILABLE", `Table ${table}: ${what}`, { cause: error });
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}
