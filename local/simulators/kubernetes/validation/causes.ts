/** What is wrong with a field, in the API server's words. */
import type { Cause } from "../cause.ts";
import type { Json } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";

export function required(field: string, why?: string): Cause {
  const message = why === undefined ? "Required value" : `Required value: ${why}`;
  return { reason: "FieldValueRequired", message, field };
}

export function forbidden(field: string, why: string): Cause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}

export function unsupported(field: string, value: Json, supported: readonly string[]): Cause {
  const all = supported.map((each) => JSON.stringify(each)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${all}`;
  return { reason: "FieldValueNotSupported", message, field };
}

export function duplicate(field: string, value: Json): Cause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${JSON.stringify(value)}`, field };
}

export function notFoundIn(field: string, value: Json): Cause {
  return { reason: "FieldValueNotFound", message: `Not found: ${JSON.stringify(value)}`, field };
}

export function tooLong(field: string, why: string): Cause {
  return { reason: "FieldValueTooLong", message: `Too long: ${why}`, field };
}

/** A number below zero, where none may be. */
export function negative(field: string, value: Json | undefined): Cause[] {
  return typeof value === "number" && value < 0
    ? [invalidValue(field, value, "must be greater than or equal to 0")]
    : [];
}

export const portRange = "must be between 1 and 65535, inclusive";
export const isPort = (value: Json | undefined) => typeof value !== "number" || (value >= 1 && value <= 65_535);

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

export function labelViolations(field: string, value: string): Cause[] {
  return [
    ...(label.test(value) ? [] : [invalidValue(field, value, labelText)]),
    ...(value.length > 63 ? [invalidValue(field, value, "must be no more than 63 bytes")] : []),
  ];
}
