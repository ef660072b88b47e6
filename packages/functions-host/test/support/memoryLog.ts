import { createLog, type Log } from "../../src/log.ts";

/** A log whose lines can be read back, without their times. */
export function createMemoryLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line.slice(line.indexOf(" ") + 1).trimEnd());
  return { log: createLog({ filter: { default: "trace" }, write }), lines };
}
