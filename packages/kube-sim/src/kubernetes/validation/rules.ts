/**
 * What fields may hold, as tables (rules.json): by kind or part, a list of rules, each a field, a check and its arguments. `ports[].name`
 * is that of each item, and `a|b` is either. `holds` is an expression in CEL about the field (`self`), the whole (`root`) and what was
 * stored before (`old`); about what is not there it says nothing. What is refused is what a real API server refuses, in about its words.
 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { Environment, EvaluationError } from "@marcbachmann/cel-js";
import { equal, isObject, type Json, type JsonObject, objectAt, at as valueAt } from "azure-sim/json";
import type { Cause } from "../cause.ts";
import { duplicate, forbidden, invalidValue, oneOf, required } from "./causes.ts";
import { blockOf, forms, isForm, isWhole, nanos, shown } from "./forms.ts";
import { labelsViolations, matches, selectorViolations } from "./labelSelectors.ts";

type Rule = readonly [field: string, check: string, ...args: string[]];
const tables = JSON.parse(readFileSync(join(import.meta.dirname, "rules.json"), "utf8")) as Readonly<
  Record<string, readonly Rule[]>
>;

export interface Whole {
  readonly root: JsonObject;
  readonly old: JsonObject | undefined;
}

/** All that is wrong with an object by a table. */
export function violationsBy(table: string, value: Json | undefined, path: string, whole: Whole): Cause[] {
  return (tables[table] ?? []).flatMap(([fields, check, ...args]) => {
    const places = fields.split("|").flatMap((field) => placesOf(value, field, path));
    if (check === "unique") return repeated(places, args);
    return places.flatMap(([found, at]) => checks[check]?.(found, at, args, whole) ?? []);
  });
}

type Place = readonly [value: Json | undefined, path: string];

function placesOf(value: Json | undefined, field: string, path: string): Place[] {
  return field.split(".").reduce<Place[]>(
    (places, part) => {
      const name = part.replace(/\[\]$/, "");
      return places.flatMap(([each, at]): Place[] => {
        const own = name === "" ? each : isObject(each) ? each[name] : undefined;
        const place = name === "" ? at : within(at, name);
        if (name === part) return [[own, place]];
        return (Array.isArray(own) ? own : []).map((item, index): Place => [item, `${place}[${index}]`]);
      });
    },
    [[value, path]],
  );
}

const within = (at: string, field: string) => (at === "" ? field : `${at}.${field}`);

/** By these fields, of which the last one counts where it is there. */
function repeated(places: readonly Place[], fields: readonly string[]): Cause[] {
  const keys = places.map(([value]) => {
    const own = fields.map((field) => objectAt(value)[field] ?? "");
    return own.at(-1) ? own.join("/") : "";
  });
  return places.flatMap(([, at], index) => {
    const key = keys[index] ?? "";
    return key !== "" && keys.indexOf(key) < index ? [duplicate(`${at}.${fields.at(-1)}`, key)] : [];
  });
}

const environment = new Environment({
  ...{ unlistedVariablesAreDyn: true, enableOptionalTypes: true, homogeneousAggregateLiterals: false },
})
  .registerFunction("form(string, dyn): bool", (form: string, text: unknown) => isForm(form, String(text)))
  .registerFunction("ip(dyn): int", (text: unknown) => BigInt(isIP(String(text))))
  .registerFunction("quantity(dyn): double", (amount: unknown) =>
    typeof amount === "bigint" ? Number(amount) : Number(nanos(amount)) / 1e9,
  )
  .registerFunction("selects(dyn, dyn): bool", (selector: unknown, labels: unknown) => {
    return matches(selector as JsonObject, labels as Record<string, string>) !== false;
  })
  .registerFunction("inside(dyn, dyn): bool", (text: unknown, other: unknown) => {
    const [inner, outer] = [blockOf(String(text)), blockOf(String(other))];
    return !inner || !outer || (inner.bits > outer.bits && outer.list.check(inner.address, inner.family));
  })
  .registerFunction("ascending(dyn): bool", (values: unknown) =>
    (values as bigint[]).every((value, index, all) => index === 0 || (all[index - 1] ?? value) < value),
  )
  .registerFunction("json(dyn): bool", (text: unknown) => {
    try {
      JSON.parse(Buffer.from(String(text), "base64").toString("utf8"));
      return true;
    } catch {
      return false;
    }
  })
  .registerFunction("sized(dyn): int", (map: unknown) =>
    BigInt(Object.entries(map as object).reduce((sum, [key, value]) => sum + key.length + String(value).length, 0)),
  );

const parsed = new Map<string, ReturnType<Environment["parse"]>>();

/** Undefined about what is not there. */
function evaluate(expression: string, self: Json, { root, old }: Whole): unknown {
  const known = parsed.get(expression) ?? environment.parse(expression);
  parsed.set(expression, known);
  try {
    return known({ self: inExpressions(self), root: inExpressions(root), old: inExpressions(old ?? null) });
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

const converted = new WeakMap<object, unknown>();

/** With CEL's integers, and without null, which is as good as absent. */
function inExpressions(value: Json): unknown {
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (typeof value !== "object" || value === null) return value;
  const known = converted.get(value);
  if (known !== undefined) return known;
  const made = Array.isArray(value)
    ? value.map(inExpressions)
    : Object.fromEntries(
        Object.entries(value).flatMap(([field, each]) => (each === null ? [] : [[field, inExpressions(each)]])),
      );
  converted.set(value, made);
  return made;
}

type Check = (value: Json | undefined, at: string, args: readonly string[], whole: Whole) => Cause[];

const isEmpty = (value: Json | undefined) => !value || (Array.isArray(value) && value.length === 0);

function formViolations(form: string, text: string, at: string): Cause[] {
  const problem = forms[form]?.(text);
  return problem === undefined ? [] : [invalidValue(at, text, problem)];
}

const formed: Check = (value, at, [form = ""]) =>
  typeof value === "string" && value !== "" ? formViolations(form, value, at) : [];

const between: Check = (value, at, [least, most, why]) =>
  typeof value === "number" && (value < Number(least) || value > Number(most))
    ? [invalidValue(at, value, why ?? `must be between ${least} and ${most}, inclusive`)]
    : [];

const port: Check = (value, at) =>
  typeof value === "string"
    ? formViolations("portName", value, at)
    : between(value, at, ["1", "65535"], { root: {}, old: undefined });

const checks: Readonly<Record<string, Check>> = {
  is: formed,
  ...{ between, port },
  must: (value, at, args, whole) => (isEmpty(value) ? [required(at)] : formed(value, at, args, whole)),
  given: (value, at, [why]) => (isEmpty(value) ? [required(at, why)] : []),
  oneOf: (value, at, args) => oneOf(at, value, args),
  chosen: (value, at, args) => (isEmpty(value) ? [required(at)] : oneOf(at, value, args)),
  whole: (value, at) =>
    typeof value === "number" && value < 0 ? [invalidValue(at, value, "must be greater than or equal to 0")] : [],
  openPort: (value, at, args, whole) => (value === 0 ? [] : port(value, at, args, whole)),
  labels: (value, at) => labelsViolations(at, value),
  selector: (value, at) => selectorViolations(value, at),
  never: (value, at, [why = ""]) => (isEmpty(value) ? [] : [forbidden(at, why)]),
  by: (value, at, [table = ""], whole) => (isObject(value) ? violationsBy(table, value, at, whole) : []),
  when: (value, at, [condition = "", table = ""], whole) =>
    isObject(value) && evaluate(condition, value, whole) === true ? violationsBy(table, value, at, whole) : [],
  holds: (value, at, [expression = "", why = ""], whole) => {
    const isSo = value === undefined || value === null || evaluate(expression, value, whole) !== false;
    return isSo ? [] : [invalidValue(at, value, why)];
  },
  /** As `holds`, about a field of it that has to be there, or may not. */
  wants: (value, at, [field = "", expression = "", why], whole) =>
    isObject(value) && evaluate(expression, value, whole) === false ? [required(within(at, field), why)] : [],
  bans: (value, at, [field = "", expression = "", why = ""], whole) =>
    isObject(value) && evaluate(expression, value, whole) === false ? [forbidden(within(at, field), why)] : [],
  fixed: (value = null, at, _, { old }) =>
    old === undefined || equal(valueAt(old, ...at.split(".")) ?? null, value)
      ? []
      : [invalidValue(at, value, "field is immutable")],
  keys: (value, at, [form = ""]) =>
    Object.keys(objectAt(value)).flatMap((key) =>
      formViolations(form, key, form === "configKey" ? `${at}[${key}]` : at),
    ),
  /** A number, or a part of all. */
  part: (value, at, [isOver]) => {
    const isPart = typeof value === "string" ? /^\d+%$/.test(value) : typeof value !== "number" || value >= 0;
    const isAll = isOver === undefined && typeof value === "string" && Number.parseInt(value, 10) > 100;
    return isPart && !isAll ? [] : [invalidValue(at, value ?? null, "must be at least 0, and at most 100%")];
  },
  amounts: (value, at, [form]) =>
    Object.entries(objectAt(value)).flatMap(([name, amount]) => [
      ...(form === undefined ? [] : formViolations(form, name, `${at}[${name}]`)),
      ...(nanos(amount) < 0n || (isWhole(name) && nanos(amount) % 10n ** 9n !== 0n)
        ? [
            invalidValue(
              `${at}[${name}]`,
              shown(amount),
              "must be greater than or equal to 0, and an integer of what is counted",
            ),
          ]
        : []),
    ]),
  /** Of the amounts of these fields, each is no more than that of a later one. */
  ordered: (value, at, fields) =>
    fields.flatMap((low, index) =>
      fields.slice(index + 1).flatMap((high) =>
        Object.entries(objectAt(value, low)).flatMap(([name, amount]) => {
          const most = objectAt(value, high)[name];
          if (most === undefined || nanos(amount) <= nanos(most)) return [];
          const [less, more] = [low, high].map((field) => field.replace("defaultRequest", "default request"));
          const why = `${less} value ${shown(amount)} is greater than ${more} value ${shown(most)}`;
          return [invalidValue(`${at}.${low}[${name}]`, shown(amount), why)];
        }),
      ),
    ),
  /** Nobody asks for more than the limit; of devices, for just as much. */
  limited: (value, at) =>
    Object.entries(objectAt(value, "requests")).flatMap(([name, amount]) => {
      const limit = objectAt(value, "limits")[name];
      const isDevice = isForm("device", name);
      if (limit === undefined)
        return isDevice ? [required(`${at}.limits`, "Limit must be set for non overcommitable resources")] : [];
      const isRight = isDevice ? nanos(amount) === nanos(limit) : nanos(amount) <= nanos(limit);
      const why = `must be ${isDevice ? "" : "less than or "}equal to ${name} limit of ${shown(limit)}`;
      return isRight ? [] : [invalidValue(`${at}.requests`, shown(amount), why)];
    }),
  /** In the first field texts, in the second bytes. */
  small: (value, at, fields) => {
    const size = fields.flatMap((field, index) =>
      Object.values(objectAt(value, field)).map((each) =>
        Buffer.byteLength(String(each), index === 0 ? "utf8" : "base64"),
      ),
    );
    const message = "Too long: may not be more than 1048576 bytes";
    const isSmall = size.reduce((sum, each) => sum + each, 0) <= 1024 * 1024;
    return isSmall ? [] : [{ reason: "FieldValueTooLong", message, field: at || "data" }];
  },
  /** Just one of several, each by the table of its name where there is one. */
  one: (value, at, names, whole) => {
    if (value === undefined) return [];
    const given = isObject(value) ? names.filter((name) => isObject(value[name])) : [];
    const [first] = given;
    if (first === undefined) return [required(at, `must specify one of: ${names.join(", ")}`)];
    const others = given.slice(1).map((name) => forbidden(`${at}.${name}`, "may not specify more than one"));
    return [...violationsBy(first, objectAt(value)[first], `${at}.${first}`, whole), ...others];
  },
};
