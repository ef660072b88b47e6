/**
 * Rows that cannot be read: a newer release wrote them, or somebody changed them by hand. In a list one of them must not hide
 * the others, so it is left out and reported here; whoever asks for that row alone gets an error that names it.
 */
import { logLine } from "../../telemetry/logLine.ts";
import { unreadableRows } from "../../telemetry/metrics.ts";

export class UnreadableRow extends Error {
  override readonly name = "UnreadableRow";
  readonly key: string;

  constructor(table: string, { partition, row }: RowKeys, why: string, options?: ErrorOptions) {
    super(`row "${partition}/${row}" of ${table} cannot be read: ${why}`, options);
    this.key = `${table} ${partition}/${row}`;
  }
}

export interface RowKeys {
  readonly partition: string;
  readonly row: string;
}

export interface UnreadableRows {
  note(error: UnreadableRow): void;
  /** How many different ones this process has met within the last hour. */
  count(): number;
}

const rememberedMs = 3_600_000;
const mostRemembered = 1_000;

export function createUnreadableRows({
  now = () => performance.now(),
  warn = console.warn,
}: {
  readonly now?: () => number;
  readonly warn?: (line: string) => void;
} = {}): UnreadableRows {
  /** By key, when it was met last and when that was last written to the log. */
  const met = new Map<string, { seen: number; logged: number }>();

  function forgetOld(): void {
    for (const [key, { seen }] of met) if (now() - seen >= rememberedMs) met.delete(key);
  }

  return {
    note({ key, message }) {
      unreadableRows.add(1, { table: key.split(" ")[0] ?? "" });
      const time = now();
      const logged = met.get(key)?.logged ?? Number.NEGATIVE_INFINITY;
      // Timers meet it every few seconds.
      const isDue = time - logged >= rememberedMs;
      if (isDue) warn(logLine("row not read", { row: key, reason: message }));
      met.delete(key);
      forgetOld();
      if (met.size < mostRemembered) met.set(key, { seen: time, logged: isDue ? time : logged });
    },
    count() {
      forgetOld();
      return met.size;
    },
  };
}

/** Those of the rows that can be read; the others are noted, and named by their keys. */
export function readEach<Row, T>(
  rows: readonly Row[],
  read: (row: Row) => T,
  { note }: Pick<UnreadableRows, "note">,
): { readonly value: readonly T[]; readonly unreadable: readonly string[] } {
  const value: T[] = [];
  const unreadable: string[] = [];
  for (const row of rows) {
    try {
      value.push(read(row));
    } catch (error) {
      if (!(error instanceof UnreadableRow)) throw error;
      note(error);
      unreadable.push(error.key);
    }
  }
  return { value, unreadable };
}
