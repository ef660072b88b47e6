/**
 * How long an operation will take, as a range. Every step takes as long as it recently did or, without measurements, as long as
 * assumed; steps of the same stage run at the same time. Transient faults and their retries are not counted.
 */

import { z } from "zod";
import { count } from "../count.ts";
import { defined } from "../defined.ts";
import { isWrite } from "./actions.ts";
import type { StepAction } from "./operation.ts";
import { stepInWords } from "./stepName.ts";

export const Estimate = z
  .object({
    least: z.number().meta({ description: "Seconds, if nothing else is running." }),
    most: z
      .number()
      .meta({ description: "Seconds, if everything that is running now goes first. Transient faults take longer." }),
    boundBy: z.array(z.string()).readonly().meta({ description: "What takes the time, longest first." }),
    operationsAhead: z.int().meta({
      description:
        "Running operations that share Azure's limits; for an item, including those of the batch's other lanes.",
    }),
    measuredSteps: z.int().meta({ description: "How many steps were measured in recent operations." }),
    assumedSteps: z.int().meta({ description: "How many are only estimates." }),
    approvalMinutes: z.number().exactOptional().meta({
      description: "The operation waits for a person, at most this long; the seconds do not count that.",
    }),
  })
  .meta({ id: "Estimate" });
export type Estimate = z.infer<typeof Estimate>;

/** Seconds. */
export interface Range {
  readonly least: number;
  readonly most: number;
  /** The mean of the measurements; absent if the range is only assumed. */
  readonly usual?: number;
}

export interface TimedStep {
  readonly name: string;
  readonly action: StepAction;
  /** Steps of one stage run at the same time. */
  readonly stage: string;
  /** The assumption if nothing was measured; absent if nothing is known. */
  readonly duration?: Range | undefined;
  /** It writes an identity or a credential; Azure limits these writes per second. */
  readonly writesIdentity?: boolean | undefined;
  /** It may wait for the verification Job. */
  readonly waitsForJob?: boolean | undefined;
}

export interface Circumstances {
  /** From recent operations, by `name action`. */
  readonly durations: ReadonlyMap<string, Range>;
  /** How long the durable runtime takes between two stages; absent without recent operations to measure. */
  readonly betweenStages?: Range | undefined;
  readonly operationsAhead: number;
  /** The time between two identity writes in a subscription, and until the next one is possible. */
  readonly identityWrites: { readonly intervalSeconds: number; readonly waitSeconds: number };
  /** How long the verification Job of the cluster may take. */
  readonly jobSeconds: number;
  readonly approvalMinutes: number | undefined;
  /** The steps run one after the other. */
  readonly isSerial?: boolean;
}

/** A call to a database or a cluster takes tenths of a second, unless it waits. */
const anyStep: Range = { least: 0.1, most: 5 };
const onlyLooking: Range = { least: 0.05, most: 1 };
/** How long the durable runtime takes between two stages if nothing was measured. */
const assumedBetween: Range = { least: 0, most: 1 };

/** The identity writes of another operation: its identity and the credential. */
export const writesOfOthers = 2;

export function estimate(steps: readonly TimedStep[], circumstances: Circumstances): Estimate {
  const { operationsAhead, identityWrites, approvalMinutes, isSerial = false } = circumstances;
  const { longest, ...path } = findPath(steps, circumstances);

  const writes = countWrites(steps);
  const { intervalSeconds, waitSeconds } = identityWrites;
  const waits: Range =
    writes === 0
      ? { least: 0, most: 0 }
      : { least: waitSeconds, most: Math.max(waitSeconds, operationsAhead * writesOfOthers * intervalSeconds) };
  // However fast Azure answers, the operation's own writes are spaced.
  const least = Math.max(path.least + waits.least, Math.max(0, writes - 1) * intervalSeconds);
  const most = Math.max(least, path.most + waits.most);

  const measuredSteps = countMeasured(steps, circumstances);
  const work = `${isSerial ? "Steps in sequence" : "The slowest steps"}: ${[...new Set(longest.map(stepInWords))].join(", ")}.`;
  const limit = `Identity writes: Azure takes ${perSecond(intervalSeconds)} a second in a subscription, with ${count(operationsAhead, "operation")} running now.`;
  const boundBy = waits.most > path.most ? [limit, work] : waits.most > 0 ? [work, limit] : [work];
  return {
    least: round(least),
    most: round(most),
    boundBy: approvalMinutes === undefined ? boundBy : [person(approvalMinutes), ...boundBy],
    operationsAhead,
    measuredSteps,
    assumedSteps: steps.length - measuredSteps,
    ...defined({ approvalMinutes }),
  };
}

/** The steps that determine how long it takes: the longest of each stage, the longest stage first. */
export function findPath(
  steps: readonly TimedStep[],
  circumstances: Pick<Circumstances, "durations" | "jobSeconds" | "betweenStages" | "isSerial">,
): Range & { readonly longest: readonly string[] } {
  const { betweenStages = assumedBetween, isSerial = false } = circumstances;
  const timed = steps.map((step) => ({ ...step, ...rangeOf(step, circumstances) }));
  const stagesOf = Map.groupBy(timed, ({ stage }, index) => (isSerial ? `${index}` : stage));
  const longest = [...stagesOf.values()].map((stage) =>
    stage.reduce((most, each) => (each.most > most.most ? each : most)),
  );
  const sum = (of: (range: Range) => number) =>
    longest.reduce((total, each) => total + of(each), longest.length * of(betweenStages));
  return {
    least: sum(({ least }) => least),
    most: sum(({ most }) => most),
    longest: longest.toSorted((a, b) => b.most - a.most).map(({ name }) => name),
  };
}

/** How many of the steps make identity writes, which Azure limits per second. */
export function countWrites(steps: readonly TimedStep[]): number {
  return steps.filter(({ writesIdentity, action }) => writesIdentity && isWrite(action)).length;
}

export function countMeasured(steps: readonly TimedStep[], { durations }: Pick<Circumstances, "durations">): number {
  return steps.filter((step) => durations.has(keyOf(step))).length;
}

export function person(approvalMinutes: number): string {
  return `A person, who has ${approvalMinutes} minutes to approve.`;
}

export function perSecond(intervalSeconds: number): string {
  return intervalSeconds === 0 ? "any number" : String(round(1 / intervalSeconds));
}

export function keyOf({ name, action }: Pick<TimedStep, "name" | "action">): string {
  return `${name} ${action}`;
}

function rangeOf(step: TimedStep, { durations, jobSeconds }: Pick<Circumstances, "durations" | "jobSeconds">): Range {
  const measured = durations.get(keyOf(step));
  if (measured) return measured;
  const { least, most } = step.duration ?? (step.action === "none" ? onlyLooking : anyStep);
  return step.waitsForJob ? { least, most: most + jobSeconds } : { least, most };
}

export function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
