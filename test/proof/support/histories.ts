/** Histories as they are kept: small, and with nothing that is not needed to replay them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Action, HistoryEvent, Run } from "../../support/durableRunner.ts";

export const historiesFolder = join(import.meta.dirname, "../histories");

/** The folder of what no release has left yet. */
export const upcoming = "next";

/** Of every release, and of the coming one. */
export function recordedFiles(): readonly { readonly release: string; readonly file: string }[] {
  return readdirSync(historiesFolder).flatMap((release) =>
    readdirSync(join(historiesFolder, release)).map((file) => ({ release, file })),
  );
}

export interface KeptHistory {
  readonly orchestration: string;
  readonly status: string;
  readonly history: readonly HistoryEvent[];
  readonly turnLog: Run["turnLog"];
  readonly actions: readonly string[];
}

export function keep({ history, turnLog, actions, status }: Run): KeptHistory {
  const started = history.find((event) => typeof event["Input"] === "string" && typeof event["Name"] === "string");
  return { orchestration: String(started?.["Name"]), status, history, turnLog, actions: actions.map(printAction) };
}

/** What the runtime would do for it. That a timer was cancelled later is not part of what was asked for. */
export function printAction({ isCanceled: _later, ...action }: Action): string {
  return JSON.stringify(action);
}
