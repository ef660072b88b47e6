/** Parses what people wrote, and says what is wrong with it in their words rather than in those of the schema library. */
import type { z } from "zod";
import { notOneOf } from "./suggest.ts";

export type ParsedPlainly<T> = { readonly data: T } | { readonly issues: readonly z.core.$ZodIssue[] };

/** The message of a required value that is absent. */
export const missing = "is missing";

export function parsePlainly<T>(schema: z.ZodType<T>, value: unknown): ParsedPlainly<T> {
  const parsed = schema.safeParse(value, { error: describe });
  if (parsed.success) return { data: parsed.data };
  const { issues } = parsed.error;
  // A text in place of a list is also measured as if it were the list.
  const ofWrongType = new Set(issues.flatMap(({ code, path }) => (code === "invalid_type" ? [pathKey(path)] : [])));
  return { issues: issues.filter(({ code, path }) => !sizes.has(code) || !ofWrongType.has(pathKey(path))) };
}

const sizes: ReadonlySet<string> = new Set(["too_small", "too_big"]);

function pathKey(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String));
}

/** Undefined leaves the message to the schema library. */
function describe(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? missing : `must be ${typeName(issue.expected)}, not ${typeOf(issue.input)}`;
    case "invalid_value":
      if (issue.input === undefined) return missing;
      return notOneOf(issue.input, issue.values.map(String)) ?? `must be ${anyOf(issue.values.map(String))}`;
    case "invalid_format":
      return formats[issue.format];
    case "invalid_union": {
      // What says of which kind an entry is; without one, it may be of the default kind.
      const { options } = issue as { readonly options?: readonly unknown[] };
      const names = options?.filter((option) => option !== undefined).map(String);
      return names && `must be ${anyOf(names)}`;
    }
    case "invalid_key":
      return `its name ${issue.issues.map(({ message }) => message).join(" and ")}`;
    case "too_small":
      return describeSize(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
    case "too_big":
      return describeSize(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
    default:
      return undefined;
  }
}

const formats: Readonly<Record<string, string>> = {
  guid: "must be a GUID, such as 00000000-0000-4000-8000-000000000001",
  hostname: "must be a hostname, without a protocol or a port",
};

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

function typeName(expected: string): string {
  return typeNames[expected] ?? expected;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number" && !Number.isInteger(value)) return String(value);
  return typeName(typeof value);
}

function anyOf(values: readonly string[]): string {
  return values.length === 1 ? `${values[0]}` : `one of ${values.join(", ")}`;
}

const units: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ["character", "characters"],
  array: ["entry", "entries"],
};

function describeSize(origin: string, bound: string, size: number | bigint): string | undefined {
  if (origin === "number" || origin === "int") return `must be ${bound} ${size}`;
  const unit = units[origin];
  return unit && `must have ${bound} ${size} ${size === 1 ? unit[0] : unit[1]}`;
}
