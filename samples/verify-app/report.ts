/**
 * What Mooring reads of the pod: a line of JSON for each target, what worked first, since Kubernetes keeps the last 4,096 bytes. Then
 * the sentence of a database that failed.
 */
import { writeFileSync } from "node:fs";
import type { Result } from "./targets.ts";

const mostBytes = 4_000;
const longestDetail = 120;

export interface Tried {
  readonly alias: string;
  readonly result: Result;
}

export function printReport(tried: readonly Tried[], sentence: string | undefined): string {
  const isOk = ({ result }: Tried) => result.result === "ok";
  const ordered = [...tried.filter(isOk), ...tried.filter((each) => !isOk(each))];
  const print = (isShort: boolean) =>
    [
      ...ordered.map(({ alias, result }) => {
        const detail = "detail" in result && !isShort ? [result.detail.slice(0, longestDetail)] : [];
        return JSON.stringify([alias, result.result, ...detail]);
      }),
      ...(sentence === undefined ? [] : [sentence]),
    ].join("\n");
  const full = print(false);
  return Buffer.byteLength(full) > mostBytes ? print(true) : full;
}

/** Where the kubelet looks (kubernetes.io "Determine the Reason for Pod Failure"). */
export function writeReport(text: string): void {
  writeFileSync(process.env["TERMINATION_MESSAGE_PATH"] ?? "/dev/termination-log", text);
}
