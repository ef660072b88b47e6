/** Operations on orchestrations from outside. Each resolves when it is on disk. */
import type { Engine } from "./engine.ts";
import { EventType } from "./history.ts";
import { complainAboutInstanceId, newInstanceId } from "./ids.ts";
import { finalStatuses, type InstanceRow, isFinal } from "./records.ts";
import type { InstanceFilter } from "./store/queries.ts";

/** The request makes no sense. */
export class ArgumentError extends Error {}

/** The request makes sense, but not now. */
class InvalidOperationError extends Error {}

/** The id is taken. */
export class ConflictError extends Error {}

export interface StartRequest {
  readonly name: string;
  readonly id?: string | undefined;
  readonly version?: string | undefined;
  /** JSON text. */
  readonly input: string | null;
  /** The caller's. */
  readonly traceParent?: string | undefined;
}

export type Management = ReturnType<typeof createManagement>;

function refusal(operation: "suspend" | "resume", { id, status }: InstanceRow): string {
  return `Cannot ${operation} the orchestration instance ${id} because instance is in the ${status} state.`;
}

export function createManagement(engine: Engine) {
  const { commit, clock, functions, instances, lifecycle, mailbox, settings, spans, store } = engine;
  const onDisk = () => commit.committed(() => {});
  const common = () => ({ EventId: -1, Timestamp: new Date(clock.now()).toISOString() });

  async function send(row: InstanceRow, event: Parameters<typeof mailbox.deliver>[2]): Promise<void> {
    mailbox.deliver(row.key, null, event);
    await onDisk();
  }

  async function start({ name, id, version, input, traceParent: caller }: StartRequest): Promise<InstanceRow> {
    const newId = id ?? newInstanceId(clock.now());
    const complaint = complainAboutInstanceId(newId);
    if (complaint !== undefined) throw new ArgumentError(complaint);
    // An id that was generated just now is free.
    const replaces = id === undefined ? undefined : makeRoom(newId);
    const named = {
      id: newId,
      // An unknown orchestrator is accepted, and fails in its first turn (seen with extension 3.19.0).
      name: functions.find("orchestrator", name)?.name ?? name,
      version: version ?? settings.defaultVersion,
    };
    return await spans.create(named, caller, async (traceParent) => {
      const row = lifecycle.begin({ ...named, input, parent: null, replaces, traceParent });
      await onDisk();
      return row;
    });
  }

  /** Returns the instance to replace, if any. */
  function makeRoom(id: string): InstanceRow | undefined {
    const existing = instances.find(id);
    if (existing === undefined || isFinal(existing.status)) return existing;
    throw new ConflictError(`An Orchestration instance with the status ${existing.status} already exists.`);
  }

  async function purge(rows: readonly InstanceRow[]): Promise<number> {
    await commit.committed(() => {
      for (const { key } of rows) store.deleteInstance(key);
    });
    return rows.length;
  }

  return {
    start,
    /** As of the last commit. */
    status: (id: string) => store.instanceById(id),
    /** As of now, whether on disk or not; operations are checked against this. */
    find: (id: string) => instances.find(id),

    raiseEvent: (row: InstanceRow, name: string, input: string) =>
      send(row, { ...common(), EventType: EventType.EventRaised, Name: name, Input: input }),
    terminate: (row: InstanceRow, reason: string | null) =>
      send(row, { ...common(), EventType: EventType.ExecutionTerminated, Input: reason }),
    async suspend(row: InstanceRow, reason: string | null) {
      if (row.status === "Suspended") throw new InvalidOperationError(refusal("suspend", row));
      await send(row, { ...common(), EventType: EventType.ExecutionSuspended, Reason: reason });
    },
    async resume(row: InstanceRow, reason: string | null) {
      if (row.status !== "Suspended") throw new InvalidOperationError(refusal("resume", row));
      await send(row, { ...common(), EventType: EventType.ExecutionResumed, Reason: reason });
    },
    async restart(id: string, withNewId: boolean): Promise<InstanceRow> {
      const row = instances.find(id);
      if (row === undefined) {
        throw new ArgumentError("InstanceId does not match a valid orchestration instance.");
      }
      const { name, input, version } = row;
      return await start({ name, input, version: version ?? undefined, id: withNewId ? undefined : id });
    },

    /** Deletes only what has finished; 0 when there was nothing to delete. */
    async purge(id: string): Promise<number> {
      commit.flush();
      const row = store.instanceById(id);
      return row === undefined || !isFinal(row.status) ? 0 : await purge([row]);
    },
    async purgeMany(filter: InstanceFilter): Promise<number> {
      commit.flush();
      const statuses = finalStatuses.filter((status) => filter.statuses?.includes(status) ?? true);
      let deleted = 0;
      for (;;) {
        const { items } = engine.queries.instances({ ...filter, statuses }, 500, undefined);
        if (items.length === 0) return deleted;
        deleted += await purge(items);
      }
    },
  };
}
