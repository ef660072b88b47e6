/** Programs that the bench starts, and the resources they used. Linux only: it reads /proc. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

export interface Program {
  readonly pid: number;
  /** The first line that it prints. */
  readonly firstLine: Promise<string>;
  close(): Promise<void>;
}

export function startProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const { PATH, HOME } = process.env;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { PATH, HOME, ...env } });
  const ended = once(child, "exit");
  return { pid: child.pid ?? 0, firstLine: firstLineOf(child, command), close: () => end(child, ended) };
}

async function firstLineOf(child: ChildProcess, command: string): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error(`${command} has no output`);
  const lines = createInterface(stdout);
  const early = once(child, "exit").then(([code]) => {
    throw new Error(`${command} ended with ${String(code)} before it was ready`);
  });
  early.catch(() => undefined);
  const [line]: string[] = await Promise.race([once(lines, "line"), early]);
  return line ?? "";
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await ended;
  clearTimeout(timer);
}

export interface Usage {
  readonly processorMs: number;
  readonly peakMegabytes: number;
}

export async function usageOf(pids: readonly number[]): Promise<Usage> {
  const all = await Promise.all(pids.map(usageOfOne));
  return {
    processorMs: all.reduce((sum, { processorMs }) => sum + processorMs, 0),
    peakMegabytes: all.reduce((sum, { peakMegabytes }) => sum + peakMegabytes, 0),
  };
}

async function usageOfOne(pid: number): Promise<Usage> {
  const [stat = "", status = ""] = await Promise.all(
    ["stat", "status"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8")),
  );
  // Counted after the name, which may contain spaces: fields 12 and 13 are utime and stime, in hundredths of a second.
  const fields = stat.split(") ").at(-1)?.split(" ") ?? [];
  return {
    processorMs: (Number(fields[11]) + Number(fields[12])) * 10,
    peakMegabytes: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024,
  };
}

/** Counts the calls that wait for the disk while `work` runs; undefined if strace is not installed. */
export async function countSyncs(pids: readonly number[], work: () => Promise<void>): Promise<number | undefined> {
  const attach = pids.flatMap((pid) => ["-p", String(pid)]);
  const tracer = spawn("strace", ["-f", "-q", "-e", "trace=fsync,fdatasync,sync_file_range,msync", ...attach], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const isMissing = new Promise<boolean>((resolve) => {
    tracer.once("error", () => resolve(true));
    tracer.once("spawn", () => setTimeout(() => resolve(false), 500));
  });
  let calls = 0;
  createInterface(tracer.stderr).on("line", (line) => {
    // strace splits a call that another thread interrupts into two lines, the second without a parenthesis.
    if (/(fsync|fdatasync|sync_file_range|msync)\(/.test(line)) calls += 1;
  });
  if (await isMissing) return undefined;
  await work();
  const ended = once(tracer, "close");
  tracer.kill("SIGINT");
  await ended;
  return calls;
}
