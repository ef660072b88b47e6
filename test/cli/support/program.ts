/** The command line as a separate process, the way a user runs it; and in this process, which takes a tenth of the time. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { run as runCommand } from "../../../cli/run.ts";

export const checkout = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when the text has appeared on standard error or output. */
  hasSaid(what: string | RegExp): Promise<void>;
  /** Everything so far, on both. */
  said(): string;
  readonly ended: Promise<Ended>;
}

/** Only what every program needs from the tester's environment, and none of their contexts. */
const plain = {
  ...Object.fromEntries(["PATH", "HOME", "TMPDIR"].map((name) => [name, process.env[name] ?? ""])),
  MOORING_CONFIG: join(checkout, "test/cli/no-such-config.yaml"),
};

export function start(args: readonly string[], { env = {}, stdin, cwd = checkout }: RunOptions = {}): Running {
  const child = spawn(process.execPath, [join(checkout, "cli/mooring.mjs"), ...args], {
    cwd,
    env: { ...plain, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(stdin ?? "");
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk;
    });
  }
  const exit = once(child, "close");
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = exit.then(async () => {
    const [stdout, stderr] = await outputs;
    return { code: child.exitCode, stdout, stderr };
  });
  return {
    child,
    ended,
    said: () => said,
    async hasSaid(what) {
      const isSaid = () => (typeof what === "string" ? said.includes(what) : what.test(said));
      while (!isSaid()) {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before it said ${what}: ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return await start(args, options).ended;
}

/** Runs it here, at no terminal and without standard input, for a test of what a command does, prints and returns. */
export async function runHere(args: readonly string[], { env = {} }: Pick<RunOptions, "env"> = {}): Promise<Ended> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const printed = Promise.all([text(stdout), text(stderr)]);
  const code = await runCommand(args, {
    env: { ...plain, ...env },
    stdout: stdout as object as NodeJS.WriteStream,
    stderr: stderr as object as NodeJS.WriteStream,
    listen: () => new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { code, stdout: out, stderr: err };
}

/** Runs it here, unless it gets standard input or a folder, which are a process's own. */
export async function runLightly(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const isHere = options.stdin === undefined && options.cwd === undefined;
  return await (isHere ? runHere : run)(args, options);
}
