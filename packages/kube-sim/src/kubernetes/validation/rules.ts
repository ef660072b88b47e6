/**
 * What fields may hold, as tables (rules.json): by name, a list of rules, each a field, a check and its arguments. `ports[].name` is that
 * of each item. Texts are about those of the API server; what is refused is what it refuses.
 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, stringAt } from "../json.ts";
import { invalidValue, labelKeyProblems, labelValueProblems, subdomainProblems } from "../metadataRules.ts";
import {
  addressText,
  dotlessProblems,
  duplicate,
  forbidden,
  labelProblems,
  labelsViolations,
  negative,
  oneOf,
  portNameProblems,
  portViolations,
  required,
} from "./causes.ts";
import { keyProblems } from "./data.ts";
import { selectorViolations } from "./labelSelectors.ts";

type Rule = readonly [field: string, check: string, ...args: Json[]];
const tables = JSON.parse(readFileSync(join(import.meta.dirname, "rules.json"), "utf8")) as Readonly<
  Record<string, readonly Rule[]>
>;

/** All that is wrong with an object by a table. */
export function violationsBy(table: string, value: Json | undefined, path: string): Cause[] {
  return (tables[table] ?? []).flatMap(([field, check, ...args]) =>
    placesOf(value, field, path).flatMap(([found, at]) => checks[check]?.(found, at, args) ?? []),
  );
}

type Place = readonly [value: Json | undefined, path: string];

function placesOf(value: Json | undefined, field: string, path: string): Place[] {
  return field.split(".").reduce<Place[]>(
    (places, part) => {
      const name = part.replace(/\[\]$/, "");
      return places.flatMap(([each, at]): Place[] => {
        const own = name === "" ? each : isObject(each) ? each[name] : undefined;
        const place = name === "" ? at : at === "" ? name : `${at}.${name}`;
        if (name === part) return [[own, place]];
        return (Array.isArray(own) ? own : []).map((item, index): Place => [item, `${place}[${index}]`]);
      });
    },
    [[value, path]],
  );
}

const matching = (pattern: RegExp, why: string) => (text: string) => (pattern.test(text) ? [] : [why]);

const dnsLabelText =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/** What is wrong with a text of some form. */
const forms: Readonly<Record<string, (text: string) => string[]>> = {
  ...{ label: labelProblems, dotless: dotlessProblems, subdomain: subdomainProblems, configKey: keyProblems },
  ...{ key: labelKeyProblems, labelValue: labelValueProblems, portName: portNameProblems },
  ip: (text) => (isIP(text) > 0 ? [] : [addressText]),
  trimmed: (text) => (text === text.trim() ? [] : ["must not have leading or trailing whitespace"]),
  variable: matching(
    /^[ -<>-~]+$/,
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ),
  header: matching(/^[-A-Za-z0-9]+$/, "a valid HTTP header must consist of alphanumeric characters or '-'"),
  sysctl: matching(
    /^(?=.{1,253}$)([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/,
    "must have at most 253 characters and be a name of parts",
  ),
  podField: matching(
    /^(metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/,
    "field label not supported",
  ),
  dnsLabel: matching(/^(?=.{1,63}$)[a-z]([-a-z0-9]*[a-z0-9])?$/, dnsLabelText),
  kindName: matching(
    /^(?=.{1,63}$)[a-z]([-a-z0-9]*[a-z0-9])?$/i,
    `may have mixed case, but should otherwise match: ${dnsLabelText}`,
  ),
  simplePath: matching(/^\./, "must be a simple json path starting with ."),
  specPath: matching(/^\.spec\./, "should be a json path under .spec"),
  statusPath: matching(/^\.status\./, "should be a json path under .status"),
  ownPath: matching(/^\.(spec|status)\./, "should be a json path under either .spec or .status"),
  short: matching(/^.{0,128}$/s, "can have at most 128 characters"),
  note: matching(/^.{0,1024}$/s, "can have at most 1024 characters"),
  within: (text) => (text.split("/").includes("..") ? ["must not contain '..'"] : []),
  relative: (text) => (text.startsWith("/") || text.startsWith("..") ? ["must be a relative path"] : []),
  absolute: (text) => (text.startsWith("/") ? [] : ["must be an absolute path"]),
};

type Check = (value: Json | undefined, at: string, args: readonly Json[]) => Cause[];

const isEmpty = (value: Json | undefined) => !value || (Array.isArray(value) && value.length === 0);

const formed: Check = (value, at, [form]) =>
  typeof value === "string" && value !== ""
    ? (forms[String(form)]?.(value) ?? []).map((problem) => invalidValue(at, value, problem))
    : [];

const checks: Readonly<Record<string, Check>> = {
  is: formed,
  must: (value, at, args) => (isEmpty(value) ? [required(at)] : formed(value, at, args)),
  given: (value, at, [why]) => (isEmpty(value) ? [required(at, String(why))] : []),
  oneOf: (value, at, args) => oneOf(at, value, args.map(String)),
  chosen: (value, at, args) => (isEmpty(value) ? [required(at)] : oneOf(at, value, args.map(String))),
  whole: (value, at) => negative(at, value),
  between: (value, at, [least, most, why]) =>
    typeof value === "number" && (value < Number(least) || value > Number(most))
      ? [invalidValue(at, value, typeof why === "string" ? why : `must be between ${least} and ${most}, inclusive`)]
      : [],
  port: (value, at) => portViolations(at, value),
  openPort: (value, at) => (value === 0 ? [] : portViolations(at, value)),
  labels: (value, at) => labelsViolations(at, value),
  selector: (value, at) => selectorViolations(value, at),
  never: (value, at, [why]) => (isEmpty(value) ? [] : [forbidden(at, String(why))]),
  by: (value, at, [table]) => (isObject(value) ? violationsBy(String(table), value, at) : []),
  unique: (value, at, [field]) => {
    const keys = listAt({ value: value ?? null }, "value").map((each) => stringAt(each, String(field)) ?? "");
    return keys.flatMap((key, index) =>
      key !== "" && keys.indexOf(key) < index ? [duplicate(`${at}[${index}].${String(field)}`, key)] : [],
    );
  },
  /** Just one of several, each by the table of its name where there is one. */
  one: (value, at, names) => {
    const given = isObject(value) ? names.map(String).filter((name) => isObject(value[name])) : [];
    const [first] = given;
    if (first === undefined) return [required(at, `must specify one of: ${names.map(String).join(", ")}`)];
    const others = given.slice(1).map((name) => forbidden(`${at}.${name}`, "may not specify more than one"));
    return [...violationsBy(first, (value as JsonObject)[first], `${at}.${first}`), ...others];
  },
};
