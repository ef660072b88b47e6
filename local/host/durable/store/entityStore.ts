/** The rows of entities and of their inboxes. */
import type { DatabaseSync } from "node:sqlite";
import type { EntityLock, EntityMessage, EntityRequest, EntityRow } from "../records.ts";
import { integer, integerOrNull, text, textOrNull } from "./columns.ts";

export type EntityStore = ReturnType<typeof createEntityStore>;

export function createEntityStore(database: DatabaseSync) {
  const sql = {
    putEntity: database.prepare(
      `INSERT INTO entities (id, present, state, lock, updated) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET present = excluded.present, state = excluded.state, lock = excluded.lock,
         updated = excluded.updated`,
    ),
    deleteEntity: database.prepare("DELETE FROM entities WHERE id = ?"),
    entity: database.prepare("SELECT id, present, state, lock, updated FROM entities WHERE id = ?"),
    insertMessage: database.prepare("INSERT INTO entityMessages (key, entity, request) VALUES (?, ?, ?)"),
    deleteMessage: database.prepare("DELETE FROM entityMessages WHERE key = ?"),
    messages: database.prepare("SELECT key, entity, request FROM entityMessages ORDER BY key"),
  };
  const highest = database.prepare("SELECT max(key) AS key FROM entityMessages").get();
  let lastKey = highest === undefined ? 0 : (integerOrNull(highest, "key") ?? 0);

  return {
    newMessageKey: () => ++lastKey,

    /** An entity that neither exists nor is locked leaves no row. */
    putEntity(row: EntityRow): void {
      if (!row.exists && row.lock === null) {
        sql.deleteEntity.run(row.id);
        return;
      }
      sql.putEntity.run(
        row.id,
        row.exists ? 1 : 0,
        row.state,
        row.lock === null ? null : JSON.stringify(row.lock),
        row.updated,
      );
    },
    entity(id: string): EntityRow | undefined {
      const row = sql.entity.get(id);
      if (row === undefined) return undefined;
      const lock = textOrNull(row, "lock");
      return {
        id: text(row, "id"),
        exists: integer(row, "present") === 1,
        state: textOrNull(row, "state"),
        // Written only by this host, like the requests below.
        lock: lock === null ? null : (JSON.parse(lock) as EntityLock),
        updated: integer(row, "updated"),
      };
    },

    insertMessage(message: EntityMessage): void {
      sql.insertMessage.run(message.key, message.entity, JSON.stringify(message.request));
    },
    deleteMessage(key: number): void {
      sql.deleteMessage.run(key);
    },
    messages(): EntityMessage[] {
      return sql.messages.all().map((row) => ({
        key: integer(row, "key"),
        entity: text(row, "entity"),
        request: JSON.parse(text(row, "request")) as EntityRequest,
      }));
    },
  };
}
