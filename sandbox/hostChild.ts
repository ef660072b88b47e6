/** A host in its own process: the embedded one (hostProcess.ts) or the real one (coreTools.ts). */
import type { Readable } from "node:stream";
import type { MeetTurn } from "../packages/functions-host/src/turnFaults.ts";

export interface HostProcessOptions {
  /** The folder with package.json and host.json. */
  readonly app: string;
  readonly port: number;
  readonly data: string;
  readonly settings: Readonly<Record<string, string>>;
  /** URL of the server that answers requests below /sandbox, if any. */
  readonly sandbox?: string;
  /** Background work yields to requests; of the embedded host only (docs/adr/0021). */
  readonly yields?: boolean;
  /** A command that runs the host, such as a tracer, with its arguments. */
  readonly under?: readonly string[];
  /** Options of Node for the embedded host, which win over its usual ones. */
  readonly nodeOptions?: readonly string[];
  /** Called with each line that the host logs. */
  readonly onLog?: (line: string) => void;
  /** Called before each turn of an orchestration while there are faults of turns. */
  readonly meetTurn?: MeetTurn;
}

export interface HostProcess {
  readonly url: string;
  readonly pid: number;
  /** Tells the host whether there are faults of turns. */
  hasTurnFaults(isSo: boolean): void;
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** SIGKILL: no chance to clean up. */
  kill(): Promise<void>;
  /** Gives running work a few seconds to end. */
  close(): Promise<void>;
}

/** As in Azure (infra/modules/app.bicep): the server of the SDK takes every header that the host takes. */
export const workerArguments = "--max-http-header-size=65536";

const tailLines = 20;

/** Returns a function that gives the last lines. */
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
