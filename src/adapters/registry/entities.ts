/**
 * Records as table entities: text, numbers and booleans as they are, anything deeper as JSON under its name with `_json`
 * behind it. A value may have at most 32,768 characters (Table service data model), so long texts are cut.
 */
import type { TableEntity } from "@azure/data-tables";
import type { Stored } from "../../domain/operation/records.ts";

const jsonSuffix = "_json";
const longestText = 30_000;
/** Set by the service or the SDK, never part of a record. */
const systemFields = new Set(["etag", "partitionKey", "rowKey", "timestamp", "changedTime", "odata.metadata"]);

export function toEntity(partitionKey: string, rowKey: string, record: object): TableEntity {
  const entity: TableEntity = { partitionKey, rowKey };
  for (const [field, value] of Object.entries(record)) {
    if (value === undefined || systemFields.has(field)) continue;
    if (typeof value === "object") entity[field + jsonSuffix] = JSON.stringify(value);
    else entity[field] = typeof value === "string" ? value.slice(0, longestText) : value;
  }
  return entity;
}

/** What a field of a record may be called in a row. */
export function propertiesOf(field: string): readonly string[] {
  return [field, field + jsonSuffix];
}

export function fromEntity<T extends object>(entity: object): Stored<T> {
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

/** The service leaves trailing zeros of the fraction out; with all seven digits, times compare as text. */
function toSortable(time: string): string {
  const [seconds = "", fraction = ""] = time.replace(/Z$/, "").split(".");
  return `${seconds}.${fraction.padEnd(7, "0")}Z`;
}
