/** Reads values that people type: durations, namespaces, databases, numbers. */
import type { Berth } from "../../src/domain/naming/names.ts";
import type { DatabaseRequest } from "../../src/domain/targets/sqlDatabase.ts";
import { UsageError } from "../failures.ts";

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
/** The longest delay that Node's timers accept. */
const longestMs = 2 ** 31 - 1;

/** Reads `90s`, `5m`, `1h30m` or a number of seconds; returns milliseconds. */
export function readDuration(flag: string, text: string): number {
  const seconds = /^\d+$/.test(text) ? `${text}s` : text;
  const parts = /^(\d+h)?(\d+m)?(\d+s)?$/.exec(seconds);
  const ms = (parts?.slice(1) ?? []).reduce(
    (sum, part) => sum + (part === undefined ? 0 : Number(part.slice(0, -1)) * (unitMs[part.slice(-1)] ?? 0)),
    0,
  );
  if (parts && ms > 0 && ms <= longestMs) return ms;
  throw new UsageError(`${flag} is "${text}"; write it as 90s, 5m or 1h30m.`);
}

/** Reads `cluster/namespace`. The service checks whether it exists. */
export function readBerth(text: string): Berth {
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
  return { server, database, roles: roles.split(",") as DatabaseRequest["roles"] };
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
