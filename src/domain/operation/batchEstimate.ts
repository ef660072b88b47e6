/**
 * How long a batch will take. Each lane takes one namespace after another, and each namespace takes as long as it would alone;
 * their identity writes share Azure's limit for a subscription. Items that wait for a person occupy no lane.
 */

import { z } from "zod";
import { count } from "../count.ts";
import { defined } from "../defined.ts";
import {
  type Circumstances,
  countMeasured,
  countWrites,
  findPath,
  perSecond,
  person,
  type Range,
  round,
  type TimedStep,
  writesOfOthers,
} from "./estimate.ts";

export const BatchEstimate = z
  .object({
    least: z.number().meta({ description: "Seconds, if every lane is as fast as one alone." }),
    most: z.number().meta({
      description:
        "Seconds, if everything that is running now goes first, and no more operations run at once than lately.",
    }),
    boundBy: z.array(z.string()).readonly().meta({ description: "What takes the time, longest first." }),
    lanes: z.int().meta({ description: "How many namespaces are processed at once: batch.lanes in the catalog." }),
    namespaces: z.int().meta({ description: "How many requests the seconds cover: the ready ones." }),
    leftOut: z.object({ blocked: z.int(), refused: z.int(), notPlanned: z.int(), awaitingApproval: z.int() }).meta({
      description: "Requests that the seconds do not cover. Those that wait for a person run outside the lanes.",
    }),
    operationsAhead: z.int().meta({ description: "Running operations that share Azure's limits." }),
    measuredSteps: z
      .int()
      .meta({ description: "How many steps of these namespaces were measured in recent operations." }),
    assumedSteps: z.int().meta({ description: "How many are only estimates." }),
    approvalMinutes: z.number().exactOptional().meta({
      description: "How long a person has for each approval in awaitingApproval; the seconds do not count that.",
    }),
  })
  .meta({ id: "BatchEstimate" });
export type BatchEstimate = z.infer<typeof BatchEstimate>;

export interface TimedItem {
  /** Empty if there is nothing to do. */
  readonly steps: readonly TimedStep[];
  readonly subscription: string;
  readonly jobSeconds: number;
  readonly isSerial?: boolean;
}

export interface BatchCircumstances extends Pick<Circumstances, "durations" | "betweenStages" | "operationsAhead"> {
  readonly lanes: number;
  /** How many of the recent operations ran at the same time; undefined if there were none. */
  readonly seenAtOnce: number | undefined;
  /** By subscription. */
  readonly identityWrites: (subscription: string) => Circumstances["identityWrites"];
  readonly leftOut: BatchEstimate["leftOut"];
  readonly approvalMinutes: number | undefined;
}

export function estimateBatch(items: readonly TimedItem[], circumstances: BatchCircumstances): BatchEstimate {
  const { lanes, seenAtOnce, operationsAhead, leftOut, approvalMinutes } = circumstances;
  const working = items.filter(({ steps }) => steps.length > 0);
  const atOnce = Math.max(1, Math.min(lanes, working.length));
  // Durations add up in a lane, and the mean of several is better known than a single one.
  const narrowed = narrow(circumstances, working.length / atOnce);
  const paths = working.map(({ steps, jobSeconds, isSerial = false }) => {
    const path = findPath(steps, { ...narrowed, jobSeconds, isSerial });
    // Moving to the next item takes a lane as long as moving to the next stage.
    const { least = 0, most = 1 } = narrowed.betweenStages ?? {};
    return { least: path.least + least, most: path.most + most, longest: path.longest };
  });
  const likeOfLate = Math.min(atOnce, seenAtOnce ?? atOnce);
  const least = pass(
    paths.map((path) => path.least),
    atOnce,
  );
  const most = pass(
    paths.map((path) => path.most),
    likeOfLate,
  );
  const writing = timeWrites(working, circumstances);

  const total = { least: Math.max(least, writing.own), most: Math.max(most, writing.own) + writing.ahead };
  const measuredSteps = working.reduce((sum, { steps }) => sum + countMeasured(steps, circumstances), 0);
  const allSteps = working.reduce((sum, { steps }) => sum + steps.length, 0);
  const work = `${count(atOnce, "lane")}, each taking one namespace after another: ${paths[0]?.longest.join(", ") ?? "nothing to do"}.`;
  const limit = `Identity writes: Azure takes ${perSecond(writing.intervalSeconds)} a second in a subscription; the batch makes ${writing.count}, with ${count(operationsAhead, "operation")} running now.`;
  const lately = `Recently, no more than ${count(likeOfLate, "operation")} ran at the same time; the upper limit assumes that this continues.`;
  const isWriting = writing.own + writing.ahead > 0;
  const bounds = writing.own + writing.ahead > most ? [limit, work] : isWriting ? [work, limit] : [work];
  return {
    least: round(total.least),
    most: round(Math.max(total.least, total.most)),
    boundBy: [
      ...(approvalMinutes === undefined ? [] : [person(approvalMinutes)]),
      ...bounds,
      ...(likeOfLate < atOnce ? [lately] : []),
    ],
    lanes,
    namespaces: items.length,
    leftOut,
    operationsAhead,
    measuredSteps,
    assumedSteps: allSteps - measuredSteps,
    ...defined({ approvalMinutes }),
  };
}

/** When the last item ends if each lane takes the next one, in order, as soon as it is free. */
function pass(seconds: readonly number[], lanes: number): number {
  const free = Array.from({ length: lanes }, () => 0);
  for (const each of seconds) {
    const next = free.indexOf(Math.min(...free));
    free[next] = (free[next] ?? 0) + each;
  }
  return Math.max(...free);
}

/** Ranges for one of `count` durations in a sum: measured ones narrow towards their mean, assumed ones stay as they are. */
function narrow({ durations, betweenStages }: Pick<Circumstances, "durations" | "betweenStages">, count: number) {
  const towardsMean = (range: Range): Range => {
    const { least, most, usual } = range;
    if (usual === undefined) return range;
    const share = 1 / Math.sqrt(Math.max(1, count));
    return { least: usual - (usual - least) * share, most: usual + (most - usual) * share, usual };
  };
  return {
    durations: new Map([...durations].map(([key, range]) => [key, towardsMean(range)])),
    betweenStages: betweenStages && towardsMean(betweenStages),
  };
}

/** Writes in a subscription are sequential, and the slowest subscription decides. `ahead`: if all running operations go first. */
function timeWrites(
  items: readonly TimedItem[],
  { identityWrites, operationsAhead }: Pick<BatchCircumstances, "identityWrites" | "operationsAhead">,
) {
  const subscriptions = [...Map.groupBy(items, ({ subscription }) => subscription)].map(([subscription, own]) => {
    const count = own.reduce((sum, { steps }) => sum + countWrites(steps), 0);
    const { intervalSeconds, waitSeconds } = identityWrites(subscription);
    const ahead = count === 0 ? 0 : Math.max(waitSeconds, operationsAhead * writesOfOthers * intervalSeconds);
    return { count, intervalSeconds, own: Math.max(0, count - 1) * intervalSeconds, ahead };
  });
  const none = { count: 0, intervalSeconds: 0, own: 0, ahead: 0 };
  return subscriptions.reduce(
    (slowest, each) => (each.own + each.ahead > slowest.own + slowest.ahead ? each : slowest),
    none,
  );
}
