/** Reads values that people type: durations, namespaces, databases, targets, numbers. */
import { expiryOf } from "../../clients/request.ts";
import type { NamespaceRef } from "../../src/domain/naming/names.ts";
import type { TargetRequest } from "../../src/domain/targets/namedTarget.ts";
import type { DatabaseRequest } from "../../src/domain/targets/sqlDatabase.ts";
import { UsageError } from "../failures.ts";

/** The units of a duration in the order in which they are written. */
const units = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;
const durationPattern = new RegExp(`^${units.map(([unit]) => `(?:(\\d+)${unit})?`).join("")}$`);
/** 24 days. Node's timers accept hardly more. */
const longestMs = 576 * 3_600_000;

/** The limits of a duration, in milliseconds. */
export interface DurationLimits {
  readonly least?: number;
  readonly most?: number;
}

/** Reads `500ms`, `90s`, `5m` or `1h30m`; returns milliseconds. Only zero needs no unit. */
export function readDuration(flag: string, text: string, { least = 1, most = longestMs }: DurationLimits = {}): number {
  if (/^0*[1-9]\d*$/.test(text)) {
    throw new UsageError(`${flag} is "${text}", without a unit; write ${text}ms, ${text}s, ${text}m or ${text}h.`);
  }
  const parts = text === "" ? null : durationPattern.exec(/^0+$/.test(text) ? "0s" : text);
  if (!parts) throw new UsageError(`${flag} is "${text}"; write a duration such as 500ms, 90s, 5m or 1h30m.`);
  const ms = units.reduce((sum, [, unitMs], index) => sum + Number(parts[index + 1] ?? 0) * unitMs, 0);
  if (ms >= least && ms <= most) return ms;
  throw new UsageError(`${flag} is "${text}"; it takes ${spellDuration(least)} to ${spellDuration(most)}.`);
}

/** Of a call to the simulated cloud. */
export const latencyLimits: DurationLimits = { least: 0, most: 60_000 };

/** Reads a duration for something that counts whole seconds. */
export function readSeconds(flag: string, text: string, { least, most }: { least: number; most: number }): number {
  const ms = readDuration(flag, text, { least: least * 1_000, most: most * 1_000 });
  if (ms % 1_000 === 0) return ms / 1_000;
  throw new UsageError(`${flag} is "${text}"; it takes whole seconds, such as 1s.`);
}

/** In the largest unit that is exact. */
function spellDuration(ms: number): string {
  const [unit, unitMs] = units.find(([, each]) => ms % each === 0) ?? ["ms", 1];
  return ms === 0 ? "0" : `${ms / unitMs}${unit}`;
}

/** Reads `cluster/namespace`. The service checks whether it exists. */
export function readNamespaceRef(text: string): NamespaceRef {
  const [cluster = "", namespace = "", ...more] = text.split("/");
  if (cluster === "" || namespace === "" || more.length > 0) {
    throw new UsageError(`"${text}" is not a namespace; write cluster/namespace, such as aks-dev/team-a.`);
  }
  return { cluster, namespace };
}

/** `server/database=role,role`. */
export function readDatabase(text: string): DatabaseRequest {
  const [, server, database, roles] = /^([^/=]+)\/([^/=]+)=(.+)$/.exec(text) ?? [];
  if (server === undefined || database === undefined || roles === undefined) {
    throw new UsageError(
      `--database is "${text}"; write server/database=role,role, such as sql-dev/messages=reader,writer.`,
    );
  }
  // The service checks which roles exist and which are allowed there.
  const { access, ...expiry } = splitEnd(roles);
  return { server, database, roles: access.split(",") as DatabaseRequest["roles"], ...expiry };
}

/** `alias=access+access`; a comma does as well. */
export function readTarget(text: string): TargetRequest {
  const [, target, access] = /^([^/=]+)=(.+)$/.exec(text) ?? [];
  if (target === undefined || access === undefined) {
    throw new UsageError(`--target is "${text}"; write alias=access+access, such as uploads=read+write.`);
  }
  // The service checks which words exist and which are allowed there.
  const { access: words, ...expiry } = splitEnd(access);
  return { target, access: words.split(/[+,]/) as TargetRequest["access"], ...expiry };
}

/** `reader,writer~P30D`: what comes after ~ is when that access ends. */
function splitEnd(text: string) {
  const [access = "", end] = text.split(/~(.+)/);
  return { access, ...expiryOf(end && readEnd(end)) };
}

/** As a request has it: `30d` and `1d12h` are P30D and P1DT12H, a date is its beginning in UTC. The service judges the rest. */
export function readEnd(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return `${text}T00:00:00Z`;
  const [, days = "", time = ""] = /^(\d+d)?((?:\d+h)?(?:\d+m)?(?:\d+s)?)$/i.exec(text) ?? [];
  return days + time === "" ? text : `P${days}${time && `T${time}`}`.toUpperCase();
}

export function readCount(
  flag: string,
  text: string,
  { least = 1, most }: { readonly least?: number; readonly most: number },
): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${flag} is "${text}"; it takes ${least} to ${most}.`);
}
