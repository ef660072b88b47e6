/**
 * The data of a database, and who may replace it. As with Azure SQL's row versioning, readers see what is committed. There
 * is one writer at a time: a transaction makes others wait from its first write to its end.
 */
import { createDatabaseData, type DatabaseData } from "./database.ts";

export class Database {
  readonly name: string;
  #committed: DatabaseData;
  #writer: { session: object; working: DatabaseData } | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(name: string, createdAt: Date) {
    this.name = name;
    this.#committed = createDatabaseData(name, createdAt);
  }

  /** What `session` sees: its own changes if it has any, otherwise what is committed. */
  read(session: object): DatabaseData {
    return this.#writer?.session === session ? this.#writer.working : this.#committed;
  }

  /** Resolves when `session` becomes the writer, or the signal ends the wait. */
  async lock(session: object, signal?: AbortSignal): Promise<void> {
    while (this.#writer && this.#writer.session !== session) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const onAbort = () => reject(signal?.reason);
        signal?.addEventListener("abort", onAbort, { once: true });
        this.#waiting.push(() => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
      });
    }
    this.#writer ??= { session, working: this.#committed };
  }

  /** Replaces what `session`, the writer, sees. */
  write(session: object, data: DatabaseData): void {
    if (this.#writer?.session !== session) throw new Error("write without lock");
    this.#writer.working = data;
  }

  /** What `session` would commit now; undefined if it has not written. */
  uncommitted(session: object): DatabaseData | undefined {
    return this.#writer?.session === session ? this.#writer.working : undefined;
  }

  /** Resets `session` to an earlier result of `uncommitted`. */
  restore(session: object, data: DatabaseData | undefined): void {
    // While a session is the writer, no other session commits, so the committed data is what it began with.
    if (this.#writer?.session === session) this.#writer.working = data ?? this.#committed;
  }

  commit(session: object): void {
    if (this.#writer?.session !== session) return;
    this.#committed = this.#writer.working;
    this.#release();
  }

  rollback(session: object): void {
    if (this.#writer?.session === session) this.#release();
  }

  #release(): void {
    this.#writer = undefined;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
