import { TransientError } from "../domain/errors.ts";

const mostAttempts = 10;

export interface Amending<R, C> {
  /**
   * The record as it was read a moment ago, which saves reading it again. When it has changed since, its write does not happen, and it
   * is read after all.
   */
  readonly known?: NonNullable<R> | undefined;
  /** What changed too often, as the error has it: `The record of operation x`. */
  readonly what: string;
  /** As it stands now; what is not there is not amended. */
  readonly read: () => Promise<R>;
  /** What is to be written; undefined when nothing has to be, also because an earlier attempt wrote it and was not told so. */
  readonly next: (record: NonNullable<R>) => C | undefined | Promise<C | undefined>;
  /** False when somebody wrote since the record was read. */
  readonly write: (record: NonNullable<R>, change: C) => Promise<boolean>;
  readonly attempts?: number;
  /** Before the record is read again, where many writers meet. */
  readonly pause?: (attempt: number) => Promise<void>;
}

export interface Amended<R, C> {
  /** As it was read for the attempt that ended it. */
  readonly record: R;
  /** What was written; undefined when nothing was. */
  readonly change: C | undefined;
}

/**
 * Writes what `next` makes of a record, provided that nobody else writes in between; looks again at what the other has
 * written, if somebody does. After too many such losses the durable runtime, or the caller, may try again.
 */
export async function amend<R, C>({
  what,
  known,
  read,
  next,
  write,
  attempts = mostAttempts,
  pause,
}: Amending<R, C>): Promise<Amended<R, C>> {
  if (known !== undefined) {
    const change = await next(known);
    if (change !== undefined && (await write(known, change))) return { record: known, change };
  }
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const record = await read();
    if (record === undefined || record === null) return { record, change: undefined };
    const change = await next(record);
    if (change === undefined || (await write(record, change))) return { record, change };
    if (attempt < attempts) await pause?.(attempt);
  }
  throw new TransientError("REGISTRY_UNAVAILABLE", `${what} changed ${attempts} times.`);
}
