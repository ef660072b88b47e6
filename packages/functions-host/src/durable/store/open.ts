/** Opens the file of a store: one owner, the right schema, and durable commits. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../messageOf.ts";
import { busy, corrupt, notADatabase, resultCode } from "./sqliteErrors.ts";

/** SQL, or what has to look at the file first; it throws what says why the file stays as it is. */
type Step = string | ((database: DatabaseSync, file: string) => void);

/**
 * The steps from each version of the schema to the next, starting with an empty file; `user_version` says how many were
 * applied. A released step never changes, because stores were made by it.
 *
 * The engine assigns keys in ascending order; nothing here relies on SQLite to number rows.
 */
const migrations: readonly Step[] = [
  `
  CREATE TABLE instances (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version TEXT,
    execution TEXT NOT NULL,
    status TEXT NOT NULL,
    customStatus TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    parent TEXT,
    output TEXT,
    input TEXT
  ) STRICT;
  CREATE INDEX instancesByTime ON instances (created);
  CREATE INDEX instancesByStatus ON instances (status, created);

  CREATE TABLE history (
    instance INTEGER NOT NULL,
    position INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (instance, position)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE messages (
    key INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    execution TEXT,
    due INTEGER,
    event TEXT NOT NULL
  ) STRICT;
  CREATE INDEX messagesByInstance ON messages (instance);

  CREATE TABLE tasks (
    key INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    instanceId TEXT NOT NULL,
    execution TEXT NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    input TEXT NOT NULL
  ) STRICT;

  CREATE TABLE entities (
    id TEXT PRIMARY KEY,
    present INTEGER NOT NULL,
    state TEXT,
    lock TEXT,
    updated INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE entityMessages (
    key INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    request TEXT NOT NULL
  ) STRICT;
`,
  // The events of a turn in one row, as an array: fewer rows, and less to write for each event.
  `
  ALTER TABLE history RENAME COLUMN event TO events;
  UPDATE history SET events = '[' || events || ']';
`,
  dropEntities,
];

/** `steps` is for tests. */
export function openDatabase(file: string, steps: readonly Step[] = migrations): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  try {
    // Exclusive: the operating system releases the lock when the process dies, for whatever reason. It must be set before
    // the first access in WAL mode; then SQLite also needs no shared-memory file.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL");
    // FULL, because NORMAL may lose the last commits on power loss, and those were acknowledged.
    database.exec("PRAGMA synchronous = FULL");
    // Four times the default: the same pages are written again and again, and a checkpoint copies and syncs each of them once.
    database.exec("PRAGMA wal_autocheckpoint = 4000");
    database.exec("PRAGMA temp_store = MEMORY");
    migrate(database, file, steps);
    return database;
  } catch (error) {
    database.close();
    if (resultCode(error) === busy) {
      throw new Error(
        `The durable store ${file} is in use by another host. Stop that host, or start this one with another directory or hub name.`,
        { cause: error },
      );
    }
    if (resultCode(error) === corrupt || resultCode(error) === notADatabase) throw damaged(file, error);
    throw error;
  }
}

function migrate(database: DatabaseSync, file: string, steps: readonly Step[]): void {
  // BEGIN EXCLUSIVE takes the lock now rather than at the first write, so a second host fails at its start.
  database.exec("BEGIN EXCLUSIVE");
  // A damaged store is refused: turns would fail one by one, or continue from incomplete data.
  const [problem] = database.prepare("PRAGMA quick_check(1)").all();
  if (problem?.["quick_check"] !== "ok") throw damaged(file, problem?.["quick_check"]);
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > steps.length) {
    throw new Error(
      `The durable store ${file} was written by a newer host (schema ${version}; this host knows ${steps.length}). ` +
        "Run the newer host, or move the file away to begin with an empty store.",
    );
  }
  for (const step of steps.slice(version)) {
    if (typeof step === "string") database.exec(step);
    else step(database, file);
  }
  database.exec(`PRAGMA user_version = ${steps.length}`);
  database.exec("COMMIT");
}

/**
 * Older hosts served entities (docs/adr/0023). Their state, messages to them, and orchestrations that have called one and still
 * run (14 is EventSent) would be lost.
 */
function dropEntities(database: DatabaseSync, file: string): void {
  const inUse = database
    .prepare(
      `SELECT 1 FROM entities UNION ALL SELECT 1 FROM entityMessages UNION ALL
       SELECT 1 FROM history JOIN instances ON key = instance
       WHERE status NOT IN ('Completed', 'Failed', 'Terminated') AND events LIKE '%{"EventType":14,%'`,
    )
    .get();
  if (inUse !== undefined) {
    throw new Error(
      `The durable store ${file} has entities, which this host does not serve any more. ` +
        "Run the older host, or move the file away to begin with an empty store.",
    );
  }
  database.exec("DROP TABLE entities; DROP TABLE entityMessages");
}

function damaged(file: string, cause: unknown): Error {
  const reason = messageOf(cause).replace(/\s+/g, " ");
  return new Error(
    `The durable store ${file} is damaged (${reason}). Put a copy back in its place, or move the file away to begin ` +
      "with an empty store.",
    { cause },
  );
}
