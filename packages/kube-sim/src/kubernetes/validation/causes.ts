/** What is wrong with a field, in the API server's words. */
import type { Json } from "azure-sim/json";
import type { Cause } from "../cause.ts";

export function invalidValue(field: string, value: Json, why: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

export function required(field: string, why?: string): Cause {
  const message = why === undefined ? "Required value" : `Required value: ${why}`;
  return { reason: "FieldValueRequired", message, field };
}

export function forbidden(field: string, why: string): Cause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}

export function duplicate(field: string, value: Json): Cause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${JSON.stringify(value)}`, field };
}

/** Nothing where the value is one of them, or not there. */
export function oneOf(field: string, value: Json | undefined, supported: readonly Json[]): Cause[] {
  if (value === undefined || value === null || supported.includes(value)) return [];
  const all = supported.map((each) => JSON.stringify(each)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${all}`;
  return [{ reason: "FieldValueNotSupported", message, field }];
}
