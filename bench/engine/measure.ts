/** How an engine performs with the workflow: alone, and a hundred at a time. */
import { quantile } from "../quantile.ts";
import type { Engine } from "./engines/engine.ts";
import { usageOf } from "./process.ts";

export interface Latencies {
  readonly p50: number;
  readonly p95: number;
}

export interface Load extends Latencies {
  readonly perSecond: number;
  readonly processorMsEach: number;
}

export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** Runs `count` workflows, of which `atATime` are under way at any time. */
export async function runMany(
  { run }: Engine,
  { count, atATime, stepMs = 0 }: { count: number; atATime: number; stepMs?: number },
): Promise<number[]> {
  const latencies: number[] = [];
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      const begun = performance.now();
      await run(stepMs);
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  return latencies;
}

export async function alone(engine: Engine, count: number, stepMs: number): Promise<Latencies> {
  const latencies = await runMany(engine, { count, atATime: 1, stepMs });
  return { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) };
}

export async function underLoad(engine: Engine, count: number): Promise<Load> {
  const before = await usageOf(engine.pids);
  const begun = performance.now();
  const latencies = await runMany(engine, { count, atATime: 100 });
  const seconds = (performance.now() - begun) / 1000;
  const after = await usageOf(engine.pids);
  return {
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
    perSecond: count / seconds,
    processorMsEach: (after.processorMs - before.processorMs) / count,
  };
}
