/** A host in a process of its own, whichever it is: the embedded one (hostProcess.ts) or the real one (coreTools.ts). */
import type { Readable } from "node:stream";
import type { MeetTurn } from "./host/turnFaults.ts";

export interface HostProcessOptions {
  /** The folder with package.json and host.json. */
  readonly app: string;
  readonly port: number;
  readonly data: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Who answers requests below /sandbox; nobody without it. */
  readonly sandbox?: string;
  /** A command that runs another one, such as a tracer, with its arguments. */
  readonly under?: readonly string[];
  /** Takes each line that the host logs. */
  readonly onLog?: (line: string) => void;
  /** Asked before each turn of an orchestration while the host is told that there are faults of it. */
  readonly meetTurn?: MeetTurn;
}

export interface HostProcess {
  readonly url: string;
  readonly pid: number;
  /** Whether there are faults that turns may meet. */
  hasTurnFaults(isSo: boolean): void;
  /** Settles when the process has ended, however it did. */
  readonly ended: Promise<void>;
  /** SIGKILL: no time to say goodbye. */
  kill(): Promise<void>;
  /** Lets running work end, for a few seconds. */
  close(): Promise<void>;
}

const tailLines = 20;

/** Gives the last lines. */
export function collectLog(
  streams: readonly (Readable | null)[],
  onLog: ((line: string) => void) | undefined,
): () => string {
  const last: string[] = [];
  for (const stream of streams) {
    let rest = "";
    stream?.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        last.push(line);
        if (last.length > tailLines) last.shift();
        onLog?.(line);
      }
    });
  }
  return () => last.join("\n");
}
