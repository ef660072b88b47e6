/** Stored histories: small, with only what a replay needs. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Action, HistoryEvent, Run } from "../../support/durableRunner.ts";

export const historiesFolder = join(import.meta.dirname, "../histories");

/** The folder of histories that no release has written yet. */
export const upcoming = "next";

/** The files of every release and of the next one. */
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

/** What the runtime would do for the action. A timer's later cancellation is not part of it. */
export function printAction({ isCanceled: _later, ...action }: Action): string {
  return JSON.stringify(action);
}
