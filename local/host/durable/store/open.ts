/** Opens the file of a store: one owner, the right schema, and durable commits. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

const schemaVersion = 2;

/** Keys are handed out by the engine in ascending order; nothing here relies on SQLite to number rows. */
const schema = `
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
    events TEXT NOT NULL,
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
`;

/** From one event a row, by itself, to those of a turn together, as an array. */
const eventsOfTurnsTogether = `
  ALTER TABLE history RENAME COLUMN event TO events;
  UPDATE history SET events = '[' || events || ']';
`;

export function openDatabase(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  try {
    // Exclusive: the operating system frees the lock when the process dies, however it dies. It must be set before
    // the first access in WAL mode; then SQLite also does without the shared-memory file.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL");
    // FULL, because NORMAL may lose the last commits on power loss, and those were acknowledged.
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA temp_store = MEMORY");
    migrate(database, file);
    return database;
  } catch (error) {
    database.close();
    if (isLocked(error)) {
      throw new Error(
        `The durable store ${file} is in use by another host. Stop that host, or start this one with another directory or hub name.`,
        { cause: error },
      );
    }
    throw error;
  }
}

function migrate(database: DatabaseSync, file: string): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > schemaVersion) {
    throw new Error(
      `The durable store ${file} was written by a newer host (schema ${version}; this host knows ${schemaVersion}). ` +
        "Run the newer host, or move the file away to begin with an empty store.",
    );
  }
  // BEGIN EXCLUSIVE takes the lock now rather than at the first write, so a second host fails at its start.
  database.exec("BEGIN EXCLUSIVE");
  if (version === 0) database.exec(schema);
  if (version === 1) database.exec(eventsOfTurnsTogether);
  database.exec(`PRAGMA user_version = ${schemaVersion}`);
  database.exec("COMMIT");
}

/** SQLITE_BUSY and its kin. */
function isLocked(error: unknown): boolean {
  return (
    error instanceof Error && "errcode" in error && typeof error.errcode === "number" && (error.errcode & 0xff) === 5
  );
}
