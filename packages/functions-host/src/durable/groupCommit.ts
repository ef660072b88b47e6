/**
 * Group commit: everything that was decided in one tick of the event loop goes to disk in one transaction, with one sync. Only
 * then do its consequences happen: an activity starts, a caller gets its 202. Acknowledgements can be relied on because of this
 * order.
 */
import type { DatabaseSync } from "node:sqlite";
import { messageOf } from "../messageOf.ts";
import { afterConnections } from "./afterConnections.ts";
import { isAboutTheValue } from "./store/sqliteErrors.ts";

/** The store is not written any more. */
export class StoreBroken extends Error {
  /** The orchestration whose value the store refused: it would decide the same again. Undefined if the file failed. */
  readonly author: number | undefined;

  constructor(cause: unknown, author: number | undefined) {
    super("The durable store could not be written.", { cause });
    this.author = isAboutTheValue(cause) ? author : undefined;
  }

  /** What SQLite says. */
  get reason(): string {
    return messageOf(this.cause);
  }
}

export interface GroupCommit {
  /**
   * Runs `write` in the next transaction and `effect` once that is on disk. Writes keep their order. `author` is the orchestration
   * that decided what is written.
   */
  add(write: () => void, effect?: () => void, author?: number): void;
  /** Like `add`, with a promise: resolves when it is on disk, rejects when it never will be. */
  committed(write: () => void): Promise<void>;
  /** Commits what is waiting now. */
  flush(): void;
  /** Commits what is waiting, and accepts nothing more. */
  close(): void;
  /** Why nothing is written any more; otherwise undefined. */
  readonly broken: Error | undefined;
}

interface Entry {
  readonly write: () => void;
  readonly effect: (() => void) | undefined;
  readonly refuse: ((error: Error) => void) | undefined;
  readonly author?: number | undefined;
}

/** As many as a few orchestrations make at a time; fewer never wait. */
const manyEntries = 32;
/** About as long as a sync takes. */
const longestWaitMs = 5;

export interface GroupCommitOptions {
  readonly onBroken: (error: StoreBroken) => void;
  readonly countConnections: () => number;
}

export function createGroupCommit(
  database: DatabaseSync,
  { onBroken, countConnections }: GroupCommitOptions,
): GroupCommit {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  let waiting: Entry[] = [];
  /** How many there were in the previous tick. */
  let seen = 0;
  let begun = 0;
  let broken: Error | undefined;

  const enqueue = (entry: Entry) => {
    if (broken !== undefined) {
      entry.refuse?.(broken);
      return;
    }
    if (waiting.length === 0) {
      seen = 0;
      begun = performance.now();
      scheduleFlush();
    }
    waiting.push(entry);
  };

  /** Waits a tick for more, as long as each tick brings some. */
  function flushOrWait(): void {
    const isGrowing = waiting.length > seen && waiting.length >= manyEntries;
    seen = waiting.length;
    if (isGrowing && performance.now() - begun < longestWaitMs) scheduleFlush();
    else flush();
  }
  const scheduleFlush = afterConnections(flushOrWait, countConnections);

  function flush(): void {
    if (waiting.length === 0) return;
    const entries = waiting;
    waiting = [];
    let author: number | undefined;
    try {
      begin.run();
      for (const entry of entries) {
        author = entry.author;
        entry.write();
      }
      author = undefined;
      commit.run();
    } catch (cause) {
      // Memory is ahead of the disk from now on: nothing more may be acknowledged. The next engine starts from the disk.
      const error = new StoreBroken(cause, author);
      broken = error;
      if (database.isTransaction) database.exec("ROLLBACK");
      for (const entry of entries) entry.refuse?.(error);
      onBroken(error);
      return;
    }
    for (const entry of entries) entry.effect?.();
  }

  return {
    add: (write, effect, author) => enqueue({ write, effect, refuse: undefined, author }),
    committed: (write) => new Promise((effect, refuse) => enqueue({ write, effect, refuse })),
    flush,
    close() {
      flush();
      broken ??= new Error("The host is stopping.");
    },
    get broken() {
      return broken;
    },
  };
}
