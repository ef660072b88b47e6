/**
 * The spans that the Durable extension emits with distributed tracing V2, with the names, kinds and attributes of DurableTask
 * (Azure/durabletask, docs/telemetry/traces/semantic-conventions.md): create_orchestration (producer) → orchestration (server)
 * → activity (client) → activity (server). The span of an orchestration is open from its first turn to its end. One that was
 * open when the host died is lost: after the restart a new one follows, with the same parent.
 */
import { type Attributes, type Span, SpanKind } from "@opentelemetry/api";
import { areKept, endSpan, openSpan, traceParentOf } from "../traces.ts";
import type { ActivityTask, Address, InstanceRow, Parent } from "./records.ts";

const source = "DurableTask.Core";

export interface NamedInstance {
  readonly id: string;
  readonly name: string;
  readonly version: string | null;
}

export type DurableSpans = ReturnType<typeof createDurableSpans>;

/** `traceParent` of an instance is the parent of its orchestration's span; it is kept in the history. */
export function createDurableSpans() {
  const open = new Map<string, Span>();

  const end = (key: string, failure?: string) => {
    const span = open.get(key);
    open.delete(key);
    if (span) endSpan(span, failure);
  };

  /** The orchestration's own span; opened when there is none, as after a restart. */
  function running(row: InstanceRow, traceParent: string | undefined): string | undefined {
    if (!areKept()) return traceParent;
    const key = keyOf("orchestration", { instance: row.key, execution: row.execution });
    const span =
      open.get(key) ??
      openSpan({
        source,
        name: spanName("orchestration", row),
        kind: SpanKind.SERVER,
        parent: traceParent,
        attributes: { ...describe(row), "durabletask.task.execution_id": row.execution },
      });
    open.set(key, span);
    return traceParentOf(span);
  }

  return {
    running,
    get open() {
      return open.size;
    },

    create,

    /** An orchestration has asked for a child, and waits for it. */
    childScheduled(
      row: InstanceRow,
      traceParent: string | undefined,
      { taskId, ...child }: NamedInstance & { readonly taskId: number },
    ): string | undefined {
      if (!areKept()) return traceParent;
      const span = openSpan({
        source,
        name: spanName("orchestration", child),
        kind: SpanKind.CLIENT,
        parent: running(row, traceParent),
        attributes: describe(child),
      });
      open.set(keyOf("child", { instance: row.key, execution: row.execution }, taskId), span);
      return traceParentOf(span);
    },
    childEnded(parent: Parent, failure: string | undefined): void {
      if (open.size > 0) end(keyOf("child", parent, parent.taskId), failure);
    },

    /** An orchestration has asked for an activity, and waits for it. */
    taskScheduled(task: ActivityTask, row: InstanceRow, traceParent: string | undefined): void {
      if (!areKept()) return;
      const span = openSpan({
        source,
        name: `activity:${task.name}`,
        kind: SpanKind.CLIENT,
        parent: running(row, traceParent),
        attributes: describeTask(task),
      });
      open.set(`task/${task.key}`, span);
    },
    taskEnded(task: ActivityTask, failure: string | undefined): void {
      if (open.size > 0) end(`task/${task.key}`, failure);
    },

    /** The activity itself; `run` gets the parent of its invocation. */
    activity<T extends { readonly Reason?: string }>(
      task: ActivityTask,
      run: (hostSpan: string | undefined) => Promise<T>,
    ): Promise<T> {
      const scheduled = open.size === 0 ? undefined : open.get(`task/${task.key}`);
      return scheduled === undefined ? run(undefined) : inActivitySpan(task, scheduled, run);
    },

    ended({ key, execution }: InstanceRow, status: string, failure?: string): void {
      if (open.size === 0) return;
      const name = keyOf("orchestration", { instance: key, execution });
      open.get(name)?.setAttribute("durabletask.task.status", status);
      end(name, failure);
    },
  };
}

/** A client starts an orchestration. */
async function create<T>(
  instance: NamedInstance,
  caller: string | undefined,
  start: (traceParent: string | undefined) => Promise<T>,
): Promise<T> {
  if (!areKept()) return await start(caller);
  const span = openSpan({
    source: "WebJobs.Extensions.DurableTask",
    // From the extension's own code, which formats the version differently from DurableTask.
    name: `create_orchestration:${instance.name}${instance.version === null ? "" : `@${instance.version}`}`,
    kind: SpanKind.PRODUCER,
    parent: caller,
    attributes: describe(instance),
  });
  try {
    return await start(traceParentOf(span));
  } finally {
    endSpan(span);
  }
}

async function inActivitySpan<T extends { readonly Reason?: string }>(
  task: ActivityTask,
  scheduled: Span,
  run: (hostSpan: string | undefined) => Promise<T>,
): Promise<T> {
  const span = openSpan({
    source,
    name: `activity:${task.name}`,
    kind: SpanKind.SERVER,
    parent: traceParentOf(scheduled),
    attributes: describeTask(task),
  });
  const outcome = await run(traceParentOf(span));
  endSpan(span, outcome.Reason);
  return outcome;
}

function keyOf(what: "orchestration" | "child", { instance, execution }: Address, taskId?: number): string {
  return [what, instance, execution, taskId].join("/");
}

function spanName(what: string, { name, version }: NamedInstance): string {
  return version === null ? `${what}:${name}` : `${what}:${name}@(${version})`;
}

function describe({ id, name, version }: NamedInstance): Attributes {
  return {
    "durabletask.type": "orchestration",
    "durabletask.task.name": name,
    "durabletask.task.instance_id": id,
    ...(version === null ? {} : { "durabletask.task.version": version }),
  };
}

function describeTask({ name, instanceId, id }: ActivityTask): Attributes {
  return {
    "durabletask.type": "activity",
    "durabletask.task.name": name,
    "durabletask.task.instance_id": instanceId,
    "durabletask.task.task_id": id,
  };
}
