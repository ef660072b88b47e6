/** What is wrong with a field, in the API server's words. */
import { isIP } from "node:net";
import type { Cause } from "../cause.ts";
import { isObject, type Json, stringsAt } from "../json.ts";
import { invalidValue, labelKeyProblems, labelValueProblems, subdomainProblems } from "../metadataRules.ts";

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

/** Nothing where the value is one of them, or not there. */
export function oneOf(field: string, value: Json | undefined, supported: readonly string[]): Cause[] {
  const isFine = value === undefined || value === null || (typeof value === "string" && supported.includes(value));
  return isFine ? [] : [unsupported(field, value, supported)];
}

export function duplicate(field: string, value: Json): Cause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${JSON.stringify(value)}`, field };
}

export function notFoundIn(field: string, value: Json): Cause {
  return { reason: "FieldValueNotFound", message: `Not found: ${JSON.stringify(value)}`, field };
}

export function tooMany(field: string, count: number, most: number): Cause {
  return { reason: "FieldValueTooMany", message: `Too many: ${count}: must have at most ${most} items`, field };
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

/** What is wrong with the name of a port. */
export function portNameProblems(name: string): string[] {
  return [
    ...(name.length > 15 ? ["must be no more than 15 characters"] : []),
    ...(/^[-a-z0-9]+$/.test(name) ? [] : ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
    ...(/[a-z]/.test(name) ? [] : ["must contain at least one letter (a-z)"]),
    ...(name.includes("--") ? ["must not contain consecutive hyphens"] : []),
    ...(/^-|-$/.test(name) ? ["must not begin or end with a hyphen"] : []),
  ];
}

export function portViolations(field: string, port: Json | undefined): Cause[] {
  if (typeof port === "string") return portNameProblems(port).map((problem) => invalidValue(field, port, problem));
  return isPort(port) ? [] : [invalidValue(field, port ?? null, portRange)];
}

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

export function labelProblems(value: string): string[] {
  return [
    ...(value.length > 63 ? ["must be no more than 63 characters"] : []),
    ...(label.test(value) ? [] : [labelText]),
  ];
}

export const dotlessProblems = (value: string) =>
  value.includes(".") ? ["must not contain dots"] : labelProblems(value);

export function subdomainViolations(field: string, value: string): Cause[] {
  return subdomainProblems(value).map((problem) => invalidValue(field, value, problem));
}

/** Names with values, such as a selector of nodes. */
export function labelsViolations(field: string, labels: Json | undefined): Cause[] {
  if (!isObject(labels)) return [];
  return Object.entries(stringsAt(labels)).flatMap(([key, value]) => [
    ...labelNameViolations(field, key),
    ...labelValueProblems(value).map((problem) => invalidValue(field, value, problem)),
  ]);
}

export function labelNameViolations(field: string, key: string): Cause[] {
  return labelKeyProblems(key).map((problem) => invalidValue(field, key, problem));
}

export const addressText = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

export function addressViolations(field: string, value: string): Cause[] {
  return isIP(value) > 0 ? [] : [invalidValue(field, value, addressText)];
}

/** Addresses where no service and no endpoint can be. */
export function specialAddressViolations(field: string, value: string): Cause[] {
  const special: readonly [RegExp, string][] = [
    [/^(0\.0\.0\.0|::)$/, "may not be unspecified (0.0.0.0 or ::)"],
    [/^(127\.|::1$)/, "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
    [/^(169\.254\.|fe80:)/i, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
    [/^(224\.0\.0\.|ff02:)/i, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
  ];
  return special.flatMap(([pattern, why]) => (pattern.test(value) ? [invalidValue(field, value, why)] : []));
}
