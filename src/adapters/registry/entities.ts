/**
 * Records as table entities: text, numbers and booleans as they are, anything nested as JSON in a property named with the suffix
 * `_json`. A value may have at most 32,768 characters (Table service data model): long texts are cut; longer JSON continues in
 * `…_json_2` and so on, and `…_json` begins with the number of its parts. An entity may have 1 MiB.
 */
import type { TableEntity } from "@azure/data-tables";
import type { Stored } from "../../domain/operation/records.ts";

const jsonSuffix = "_json";
const longestText = 30_000;
/** JSON never begins like this. */
const partsMark = /^(\d+)\|/;
const laterPart = /_json_\d+$/;
/**
 * The form in which this release writes rows; it reads every older one (test/releases). Rows of 0.1.0 have no version but have
 * the form of version 1.
 */
export const schemaVersion = 1;
const versionField = "v";
/** Set by the service, the SDK or this file, never part of a record. */
const systemFields = new Set([
  "etag",
  "partitionKey",
  "rowKey",
  "timestamp",
  "changedTime",
  "odata.metadata",
  versionField,
]);

/** A whole row. */
export function toEntity(partitionKey: string, rowKey: string, record: object): TableEntity {
  return { ...toPartialEntity(partitionKey, rowKey, record), [versionField]: schemaVersion };
}

/** Part of a row: the rest of the row keeps its form, and so its version. */
export function toPartialEntity(partitionKey: string, rowKey: string, record: object): TableEntity {
  const entity: TableEntity = { partitionKey, rowKey };
  for (const [field, value] of Object.entries(record)) {
    if (value === undefined || systemFields.has(field)) continue;
    if (typeof value === "object") Object.assign(entity, toProperties(field + jsonSuffix, JSON.stringify(value)));
    else entity[field] = typeof value === "string" ? value.slice(0, longestText) : value;
  }
  return entity;
}

function toProperties(name: string, json: string): Record<string, string> {
  const [first = "", ...later] = partsOf(json);
  if (later.length === 0) return { [name]: first };
  const others = later.map((part, at) => [`${name}_${at + 2}`, part]);
  return { [name]: `${later.length + 1}|${first}`, ...Object.fromEntries(others) };
}

/** Never splits a surrogate pair: each part is encoded as UTF-8 separately. */
function partsOf(json: string): readonly string[] {
  const parts: string[] = [];
  for (let from = 0; from < json.length; from += parts.at(-1)?.length ?? 0) {
    const part = json.slice(from, from + longestText);
    parts.push(part.isWellFormed() ? part : part.slice(0, -1));
  }
  return parts;
}

/** Reads only as many parts as the first one says: merging shorter JSON leaves later parts of the previous value in the row. */
function fromProperties(name: string, properties: ReadonlyMap<string, unknown>): unknown {
  const first = String(properties.get(name));
  const [mark = "", count] = partsMark.exec(first) ?? [];
  const later = Array.from({ length: Number(count ?? 1) - 1 }, (_, at) => properties.get(`${name}_${at + 2}`));
  if (later.includes(undefined)) throw new Error(`${name} has ${count} parts, and some are missing`);
  try {
    return JSON.parse(first.slice(mark.length) + later.join(""));
  } catch (error) {
    // Without the text, which may be anybody's.
    throw new Error(`${name} is not JSON`, { cause: error });
  }
}

/** The properties that `fromEntity` needs to return these fields of a record. */
export function propertiesOf(fields: readonly string[]): string[] {
  const own = fields.flatMap((field) => [field, field + jsonSuffix]);
  return [...own, "PartitionKey", "RowKey", "Timestamp", versionField];
}

/** Throws if the row is not in a form that this release reads. */
export function fromEntity<T extends object>(entity: object): Stored<T> {
  expectReadable(entity);
  const record: Record<string, unknown> = {};
  const properties = new Map<string, unknown>(Object.entries(entity));
  for (const [field, value] of properties) {
    if ((systemFields.has(field) && field !== "etag") || laterPart.test(field)) continue;
    if (field.endsWith(jsonSuffix)) record[field.slice(0, -jsonSuffix.length)] = fromProperties(field, properties);
    else record[field] = value;
  }
  if ("timestamp" in entity) record["changedTime"] = toSortable(String(entity.timestamp));
  // Only this file writes these tables, from records of type T.
  return record as Stored<T>;
}

/** A newer release's row may mean something else: better to fail than to misread it and write it back. */
function expectReadable({ v: version }: { readonly v?: unknown }): void {
  if (version === undefined || version === null || (typeof version === "number" && version <= schemaVersion)) return;
  throw new Error(
    `it was written by a newer release of Mooring: it has schema version ${version}, and this release reads up to ${schemaVersion}. Deploy that release again, or a newer one.`,
  );
}

/** The service omits trailing zeros of the fraction; with all seven digits, times compare as text. */
function toSortable(time: string): string {
  const [seconds = "", fraction = ""] = time.replace(/Z$/, "").split(".");
  return `${seconds}.${fraction.padEnd(7, "0")}Z`;
}
