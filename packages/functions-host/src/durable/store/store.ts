/** The rows of the durable store: one method per change or lookup, and no decisions. */
import type { DatabaseSync } from "node:sqlite";
import type { HistoryEvent } from "../history.ts";
import type { ActivityTask, InstanceRow, Message, Parent, RuntimeStatus } from "../records.ts";
import { integer, integerOrNull, type Row, text, textOrNull } from "./columns.ts";

const instanceColumns =
  "key, id, name, version, execution, status, customStatus, created, updated, parent, output, input";

export type Store = ReturnType<typeof createStore>;

export function createStore(database: DatabaseSync) {
  return { ...instanceRows(database), ...messageRows(database), ...taskRows(database) };
}

/** Numbers are assigned in memory, ahead of the commit; a reused number cannot be mistaken for the row that had it before. */
function numbering(database: DatabaseSync, table: "instances" | "messages" | "tasks"): () => number {
  const row = database.prepare(`SELECT max(key) AS key FROM ${table}`).get();
  let last = row === undefined ? 0 : (integerOrNull(row, "key") ?? 0);
  return () => ++last;
}

/** With their histories. */
function instanceRows(database: DatabaseSync) {
  const sql = {
    insertInstance: database.prepare(
      `INSERT INTO instances (${instanceColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    // Two statements, because naming an indexed column in SET updates its index even when the value stays the same.
    touchInstance: database.prepare("UPDATE instances SET customStatus = ?, updated = ? WHERE key = ?"),
    updateInstance: database.prepare(
      "UPDATE instances SET customStatus = ?, updated = ?, status = ?, output = ? WHERE key = ?",
    ),
    renewInstance: database.prepare("UPDATE instances SET execution = ?, input = ?, updated = ? WHERE key = ?"),
    deleteInstance: database.prepare("DELETE FROM instances WHERE key = ?"),
    instanceByKey: database.prepare(`SELECT ${instanceColumns} FROM instances WHERE key = ?`),
    instanceById: database.prepare(`SELECT ${instanceColumns} FROM instances WHERE id = ?`),
    insertEvents: database.prepare("INSERT INTO history (instance, position, events) VALUES (?, ?, ?)"),
    events: database.prepare("SELECT events FROM history WHERE instance = ? ORDER BY position"),
    deleteHistory: database.prepare("DELETE FROM history WHERE instance = ? AND position >= ?"),
    deleteMessages: database.prepare("DELETE FROM messages WHERE instance = ?"),
  };
  const newKey = numbering(database, "instances");
  return {
    newInstanceKey: newKey,
    insertInstance(row: InstanceRow): void {
      sql.insertInstance.run(
        row.key,
        row.id,
        row.name,
        row.version,
        row.execution,
        row.status,
        row.customStatus,
        row.created,
        row.updated,
        row.parent === null ? null : JSON.stringify(row.parent),
        row.output,
        row.input,
      );
    },
    touchInstance(row: InstanceRow): void {
      sql.touchInstance.run(row.customStatus, row.updated, row.key);
    },
    updateInstance(row: InstanceRow): void {
      sql.updateInstance.run(row.customStatus, row.updated, row.status, row.output, row.key);
    },
    /** A new generation: another execution, another input, an empty history. */
    renewInstance(row: InstanceRow): void {
      sql.renewInstance.run(row.execution, row.input, row.updated, row.key);
      sql.deleteHistory.run(row.key, 0);
    },
    /** With its history and inbox; its activities stay, because they were promised to run. */
    deleteInstance(key: number): void {
      sql.deleteInstance.run(key);
      sql.deleteHistory.run(key, 0);
      sql.deleteMessages.run(key);
    },
    instanceByKey(key: number): InstanceRow | undefined {
      const row = sql.instanceByKey.get(key);
      return row === undefined ? undefined : readInstance(row);
    },
    instanceById(id: string): InstanceRow | undefined {
      const row = sql.instanceById.get(id);
      return row === undefined ? undefined : readInstance(row);
    },
    /** The events of one turn, as a JSON array; `position` is that of the first. */
    appendEvents(instance: number, position: number, events: string): void {
      sql.insertEvents.run(instance, position, events);
    },
    history(instance: number): readonly HistoryEvent[] {
      return sql.events.all(instance).flatMap((row) => parseEvents(text(row, "events")));
    },
  };
}

function messageRows(database: DatabaseSync) {
  const sql = {
    insertMessage: database.prepare(
      "INSERT INTO messages (key, instance, execution, due, event) VALUES (?, ?, ?, ?, ?)",
    ),
    deleteMessage: database.prepare("DELETE FROM messages WHERE key = ?"),
    messages: database.prepare("SELECT key, instance, execution, due, event FROM messages ORDER BY key"),
    messagesOf: database.prepare(
      "SELECT key, instance, execution, due, event FROM messages WHERE instance = ? ORDER BY key",
    ),
  };
  const newKey = numbering(database, "messages");
  return {
    newMessageKey: newKey,
    insertMessage(message: Message): void {
      sql.insertMessage.run(
        message.key,
        message.instance,
        message.execution,
        message.due,
        JSON.stringify(message.event),
      );
    },
    deleteMessage(key: number): void {
      sql.deleteMessage.run(key);
    },
    messages(): Message[] {
      return sql.messages.all().map(readMessage);
    },
    messagesOf(instance: number): Message[] {
      return sql.messagesOf.all(instance).map(readMessage);
    },
  };
}

function taskRows(database: DatabaseSync) {
  const sql = {
    insertTask: database.prepare(
      "INSERT INTO tasks (key, instance, instanceId, execution, id, name, input) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ),
    deleteTask: database.prepare("DELETE FROM tasks WHERE key = ?"),
    deleteTasks: database.prepare("DELETE FROM tasks WHERE instance = ?"),
    tasks: database.prepare("SELECT key, instance, instanceId, execution, id, name, input FROM tasks ORDER BY key"),
  };
  const newKey = numbering(database, "tasks");
  return {
    newTaskKey: newKey,
    insertTask(task: ActivityTask): void {
      sql.insertTask.run(task.key, task.instance, task.instanceId, task.execution, task.id, task.name, task.input);
    },
    deleteTask(key: number): void {
      sql.deleteTask.run(key);
    },
    deleteTasks(instance: number): void {
      sql.deleteTasks.run(instance);
    },
    tasks(): ActivityTask[] {
      return sql.tasks.all().map((row) => ({
        key: integer(row, "key"),
        instance: integer(row, "instance"),
        instanceId: text(row, "instanceId"),
        execution: text(row, "execution"),
        id: integer(row, "id"),
        name: text(row, "name"),
        input: text(row, "input"),
      }));
    },
  };
}

export function readInstance(row: Row): InstanceRow {
  const parent = textOrNull(row, "parent");
  return {
    key: integer(row, "key"),
    id: text(row, "id"),
    name: text(row, "name"),
    version: textOrNull(row, "version"),
    execution: text(row, "execution"),
    status: text(row, "status") as RuntimeStatus,
    customStatus: textOrNull(row, "customStatus"),
    created: integer(row, "created"),
    updated: integer(row, "updated"),
    parent: parent === null ? null : (JSON.parse(parent) as Parent),
    output: textOrNull(row, "output"),
    input: textOrNull(row, "input"),
  };
}

function readMessage(row: Row): Message {
  return {
    key: integer(row, "key"),
    instance: integer(row, "instance"),
    execution: textOrNull(row, "execution"),
    due: integerOrNull(row, "due"),
    event: parseEvent(text(row, "event")),
  };
}

/** Written only by this host, so the schema version guarantees its form. */
function parseEvent(event: string): HistoryEvent {
  return JSON.parse(event) as HistoryEvent;
}

function parseEvents(events: string): HistoryEvent[] {
  return JSON.parse(events) as HistoryEvent[];
}
