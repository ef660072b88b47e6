/**
 * Records as table entities: text, numbers and booleans as they are, anything deeper as JSON under its name with `_json`
 * behind it. A value may have at most 32,768 characters (Table service data model), so long texts are cut.
 */
import type { TableEntity } from "@azure/data-tables";
import type { Stored } from "../../domain/operation/records.ts";

const jsonSuffix = "_json";
const longestText = 30_000;
/**
 * The form in which this release writes rows; it reads every older one (test/releases). Rows of 0.1.0 have no version, and
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

/** A part of a row: what the row has besides keeps its form, and so its version. */
export function toPartialEntity(partitionKey: string, rowKey: string, record: object): TableEntity {
  const entity: TableEntity = { partitionKey, rowKey };
  for (const [field, value] of Object.entries(record)) {
    if (value === undefined || systemFields.has(field)) continue;
    if (typeof value === "object") entity[field + jsonSuffix] = JSON.stringify(value);
    else entity[field] = typeof value === "string" ? value.slice(0, longestText) : value;
  }
  return entity;
}

/** The properties of a row that `fromEntity` needs to give these fields of its record. */
export function propertiesOf(fields: readonly string[]): string[] {
  const own = fields.flatMap((field) => [field, field + jsonSuffix]);
  return [...own, "PartitionKey", "RowKey", "Timestamp", versionField];
}

export function fromEntity<T extends object>(entity: object): Stored<T> {
  expectReadable(entity);
  const record: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(entity)) {
    if (systemFields.has(field) && field !== "etag") continue;
    if (field.endsWith(jsonSuffix)) record[field.slice(0, -jsonSuffix.length)] = JSON.parse(String(value));
    else record[field] = value;
  }
  if ("timestamp" in entity) record["changedTime"] = toSortable(String(entity.timestamp));
  // Only this file writes these tables, from records of type T.
  return record as Stored<T>;
}

/** What a newer release wrote may mean something else: better not read than misread, and then written back. */
function expectReadable(row: {
  readonly v?: unknown;
  readonly partitionKey?: unknown;
  readonly rowKey?: unknown;
}): void {
  const { v: version, partitionKey, rowKey } = row;
  if (version === undefined || version === null || (typeof version === "number" && version <= schemaVersion)) return;
  throw new Error(
    `Row "${partitionKey}/${rowKey}" was written by a newer release of Mooring: it has schema version ${version}, and this release reads up to ${schemaVersion}. Deploy that release again, or a newer one.`,
  );
}

/** The service leaves trailing zeros of the fraction out; with all seven digits, times compare as text. */
function toSortable(time: string): string {
  const [seconds = "", fraction = ""] = time.replace(/Z$/, "").split(".");
  return `${seconds}.${fraction.padEnd(7, "0")}Z`;
}
