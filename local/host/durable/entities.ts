/**
 * Each entity takes the requests of its inbox one batch at a time. The consumed requests, the new state, the answers and the
 * signals that it sent go to disk in one transaction, so an operation counts once even if a crash makes the host run it twice.
 */
import type { FunctionApp } from "../app.ts";
import type { Log } from "../log.ts";
import { createSlots } from "../slots.ts";
import type { Clock } from "./clock.ts";
import { type BatchAnswer, runEntityBatch } from "./entityBatch.ts";
import { nextEntityStep } from "./entityInbox.ts";
import type { DurableFunctions } from "./functions.ts";
import type { GroupCommit } from "./groupCommit.ts";
import { EventType } from "./history.ts";
import { entityId } from "./ids.ts";
import type { Address, EntityLock, EntityMessage, EntityRequest, EntityRow } from "./records.ts";
import type { DurableSettings } from "./settings.ts";
import type { EntityStore } from "./store/entityStore.ts";

export interface EntitiesOptions {
  readonly app: FunctionApp;
  readonly functions: DurableFunctions;
  readonly settings: DurableSettings;
  readonly store: EntityStore;
  readonly commit: GroupCommit;
  readonly clock: Clock;
  readonly log: Log;
  /** Raises the answer to a call or lock request in the orchestration that sent it. */
  readonly answer: (to: Address, event: { readonly Name: string; readonly Input: string }) => void;
}

export interface Entities {
  /** `author` is the orchestration that sent it. */
  post(entity: string, request: EntityRequest, author?: number): void;
  /** Answers these with a failure, and forgets them: their outcome cannot be stored. */
  refuse(messages: readonly EntityMessage[], reason: string): void;
  /** Takes a message that the store already has. */
  restore(message: EntityMessage): void;
  start(): void;
  close(): Promise<void>;
  /** How many are in memory, and releases on their way to the disk. */
  readonly size: number;
}

interface Entity {
  row: EntityRow;
  queue: readonly EntityMessage[];
  isBusy: boolean;
  unsaved: number;
}

export function createEntities(options: EntitiesOptions): Entities {
  const { store, commit, clock, settings, answer } = options;
  const slots = createSlots(settings.maxConcurrentEntityFunctions);
  const loaded = new Map<string, Entity>();
  /** Releases on their way to the disk: entity and lock request. */
  const releases = new Set<string>();
  let isRunning = false;

  function load(id: string): Entity {
    const known = loaded.get(id);
    if (known !== undefined) return known;
    const row = store.entity(id) ?? { id, exists: false, state: null, lock: null, updated: clock.now() };
    const entity: Entity = { row, queue: [], isBusy: false, unsaved: 0 };
    loaded.set(id, entity);
    return entity;
  }

  function restore(message: EntityMessage): void {
    const entity = load(message.entity);
    entity.queue = [...entity.queue, message];
    wake(entity);
  }

  function post(id: string, request: EntityRequest, author?: number): void {
    const message = { key: store.newMessageKey(), entity: id, request };
    if (request.kind === "release") releases.add(releaseKey(id, request));
    // Unlike a turn of an orchestrator, an operation may have outside effects, so the disk comes first.
    commit.add(
      () => store.insertMessage(message),
      () => {
        if (request.kind === "release") releases.delete(releaseKey(id, request));
        restore(message);
      },
      author === undefined ? undefined : { instance: author },
    );
  }

  function refuse(messages: readonly EntityMessage[], reason: string): void {
    commit.add(() => {
      for (const { key } of messages) store.deleteMessage(key);
    });
    for (const { request } of messages) {
      if (request.kind !== "operation" || request.caller === null) continue;
      const failure = { result: JSON.stringify(reason), exceptionType: "Error" };
      answer(request.caller, { Name: request.caller.request, Input: JSON.stringify(failure) });
    }
  }

  function wake(entity: Entity): void {
    if (entity.isBusy || !isRunning) return;
    entity.isBusy = true;
    slots.run(async () => {
      while (isRunning && (await step(entity)));
      forgetIdle(entity);
    });
  }

  /** False when nothing can be done before another message comes. */
  async function step(entity: Entity): Promise<boolean> {
    const next = nextEntityStep(entity.row.lock, entity.queue, settings.maxEntityOperationBatchSize);
    if (next.dropped.length > 0) save(entity, next.dropped, entity.row);
    switch (next.kind) {
      case "wait":
        return rest(entity);
      case "release":
        save(entity, [next.message], { ...entity.row, lock: null });
        return true;
      case "lock": {
        const { request } = next.message;
        if (request.kind !== "lock") return true;
        // Passed on now, the request would arrive at the next entity after the release, and lock it for good.
        if (releases.has(releaseKey(entity.row.id, request))) return rest(entity);
        grant(entity, next.message, request);
        return true;
      }
      case "operations":
        finish(entity, next.batch, await runEntityBatch(options, entity.row, next.batch));
        return true;
    }
  }

  /** At once, not after the await in the loop: a message that arrives in between has to wake the entity again. */
  function rest(entity: Entity): false {
    entity.isBusy = false;
    return false;
  }

  /** The entities of a lock set are locked one after the other, in an order that is the same for all callers. */
  function grant(entity: Entity, message: EntityMessage, request: Extract<EntityRequest, { kind: "lock" }>): void {
    const { instance, execution, entities, position } = request;
    const lock: EntityLock = { instance, execution, request: request.request };
    save(entity, [message], { ...entity.row, lock });
    const next = entities[position + 1];
    if (next !== undefined) post(next, { ...request, position: position + 1 });
    else answer(lock, { Name: lock.request, Input: '{"result":"Lock Acquisition Completed"}' });
  }

  function finish(entity: Entity, batch: readonly EntityMessage[], { state, exists, results, signals }: BatchAnswer) {
    save(entity, batch, { ...entity.row, exists, state, updated: clock.now() });
    for (const [index, { request }] of batch.entries()) {
      if (request.kind !== "operation" || request.caller === null) continue;
      answer(request.caller, {
        Name: request.caller.request,
        Input: JSON.stringify(results[index] ?? { result: null }),
      });
    }
    for (const { name, key, operation, input } of signals) {
      if (options.functions.find("entity", name) === undefined) {
        options.log.warn("an entity signalled an entity that does not exist", { entity: entity.row.id, target: name });
        continue;
      }
      post(entityId(name, key), { kind: "operation", name: operation, input, caller: null });
    }
  }

  function save(entity: Entity, used: readonly EntityMessage[], row: EntityRow): void {
    entity.row = row;
    entity.queue = entity.queue.filter((message) => !used.includes(message));
    entity.unsaved += 1;
    commit.add(
      () => {
        for (const { key } of used) store.deleteMessage(key);
        store.putEntity(row);
      },
      () => {
        entity.unsaved -= 1;
        forgetIdle(entity);
      },
      { answered: used },
    );
  }

  function forgetIdle(entity: Entity): void {
    if (!entity.isBusy && entity.unsaved === 0 && entity.queue.length === 0) loaded.delete(entity.row.id);
  }

  return {
    post,
    refuse,
    restore,
    start() {
      isRunning = true;
      for (const entity of loaded.values()) wake(entity);
    },
    async close() {
      isRunning = false;
      await slots.close();
    },
    get size() {
      return loaded.size + releases.size;
    },
  };
}

function releaseKey(entity: string, { request }: { readonly request: string }): string {
  return `${request} ${entity}`;
}

export function raisedEvent(now: number, name: string, input: string | null) {
  return {
    EventType: EventType.EventRaised,
    EventId: -1,
    Timestamp: new Date(now).toISOString(),
    Name: name,
    Input: input,
  };
}
