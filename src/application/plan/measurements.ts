/** What recent operations took, and what runs now: read once for any number of estimates. */

import { type Circumstances, keyOf, type Range } from "../../domain/operation/estimate.ts";
import type { AnyOperation, OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import type { Registry } from "../../ports/registry.ts";
import { steps as definitions, isStepName } from "../process/index.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";

const recentOperations = 10;
const mostAhead = 200;
const dayMs = 86_400_000;

export interface Measurements extends Pick<Circumstances, "durations" | "betweenStages" | "operationsAhead"> {
  /** How many of the recent operations ran at the same time; undefined when there were none. */
  readonly seenAtOnce: number | undefined;
}

export async function readMeasurements(
  registry: Pick<Registry, "listOperations" | "listSteps">,
  { recent = recentOperations, own, now = new Date() }: { recent?: number; own?: string; now?: Date } = {},
): Promise<Measurements> {
  const [past, operationsAhead] = await Promise.all([readRecent(registry, recent), countAhead(registry, own, now)]);
  return { ...past, operationsAhead };
}

/** The newest successful operations of any team, and those of their steps that succeeded at the first attempt. */
async function readRecent(registry: Pick<Registry, "listOperations" | "listSteps">, limit: number) {
  const { value } = await registry.listOperations({ status: "Succeeded", limit });
  const operations = value.filter((each): each is OperationRecord => each.kind !== "batch");
  const steps = await Promise.all(
    operations.map(async ({ id }) => (await unlessUnreadable(registry.listSteps(id))) ?? []),
  );
  const times = new Map<string, number[]>();
  for (const step of steps.flat()) {
    const seconds = secondsOf(step);
    if (seconds === undefined || step.action === undefined) continue;
    const key = keyOf({ name: step.name, action: step.action });
    times.set(key, [...(times.get(key) ?? []), seconds]);
  }
  const gaps = operations.flatMap((operation, index) => timeBetweenStages(operation, steps[index] ?? []));
  const spans = operations.flatMap(spanOf);
  return {
    durations: new Map([...times].map(([key, all]) => [key, rangeOf(all)])),
    betweenStages: gaps.length === 0 ? undefined : rangeOf(gaps),
    seenAtOnce: spans.length === 0 ? undefined : mostAtOnce(spans),
  };
}

function rangeOf(all: readonly number[]): Range {
  const usual = all.reduce((sum, each) => sum + each, 0) / all.length;
  return { least: Math.min(...all), most: Math.max(...all), usual };
}

function secondsOf({ status, attempts, startTime, endTime }: StepRecord): number | undefined {
  if (status !== "Succeeded" || attempts !== 1 || endTime === undefined) return undefined;
  return (Date.parse(endTime) - Date.parse(startTime)) / 1_000;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** In milliseconds. Operations that waited for a person say nothing about durations. */
function spanOf({ startTime, endTime, approval }: OperationRecord): readonly Span[] {
  if (startTime === undefined || endTime === undefined || approval) return [];
  return [{ from: Date.parse(startTime), to: Date.parse(endTime) }];
}

/** What an operation took in addition to its steps, per stage. */
function timeBetweenStages(operation: OperationRecord, steps: readonly StepRecord[]): readonly number[] {
  const [span] = spanOf(operation);
  const atWork = steps.flatMap(({ startTime, endTime }) =>
    endTime === undefined ? [] : [{ from: Date.parse(startTime), to: Date.parse(endTime) }],
  );
  // The time of a retried step includes waiting.
  if (!span || atWork.length === 0 || steps.some(({ attempts }) => attempts !== 1)) return [];
  const idle = span.to - span.from - covered(atWork);
  return [Math.max(0, idle) / 1_000 / countStages(steps)];
}

/** A step from another release counts as its own stage. */
function countStages(steps: readonly StepRecord[]): number {
  const stageOf = (name: string) => (isStepName(name) ? definitions[name].stage : undefined) ?? name;
  return new Set(steps.map(({ name }) => stageOf(name))).size;
}

function covered(spans: readonly Span[]): number {
  let sum = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return sum;
}

function mostAtOnce(spans: readonly Span[]): number {
  const at = (moment: number) => spans.filter(({ from, to }) => from <= moment && moment < to).length;
  return Math.max(1, ...spans.map(({ from }) => at(from)));
}

/**
 * Excludes the operation that the estimate is for. There is no index on the status, so a query for it reads every operation there
 * ever was, unless it says how far back to go. Only a few that waited long for a person are at work after a day.
 */
async function countAhead(
  registry: Pick<Registry, "listOperations">,
  own: string | undefined,
  now: Date,
): Promise<number> {
  const createdSince = new Date(now.getTime() - dayMs).toISOString();
  const pages = await Promise.all(
    (["Running", "NotStarted"] as const).map((status) =>
      registry.listOperations({ status, createdSince, limit: mostAhead }),
    ),
  );
  return pages.flatMap(({ value }) => value).filter((each) => each.id !== own && isAtWork(each)).length;
}

/** An operation that waits for a person uses none of the limits, and the work of a batch is done by its operations. */
function isAtWork(operation: AnyOperation): boolean {
  if (operation.kind === "batch") return false;
  const { approval } = operation;
  return approval === undefined || approval.decision !== undefined;
}
