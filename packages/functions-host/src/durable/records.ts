/** What the store keeps, as the engine handles it. */
import type { HistoryEvent } from "./history.ts";

export type RuntimeStatus = "Pending" | "Running" | "Suspended" | "Completed" | "Failed" | "Terminated";

export const finalStatuses: readonly RuntimeStatus[] = ["Completed", "Failed", "Terminated"];

export function isFinal(status: RuntimeStatus): boolean {
  return finalStatuses.includes(status);
}

/**
 * One execution of one instance. `instance` is the row's number, not the public id: an id can be reused after its first owner
 * has finished, and `execution` changes with continueAsNew. A result that names another pair is stale.
 */
export interface Address {
  readonly instance: number;
  readonly execution: string;
}

/** The orchestration that waits for a sub-orchestration. */
export interface Parent extends Address {
  readonly id: string;
  readonly name: string;
  readonly taskId: number;
}

export interface InstanceRow {
  /** Grows with every instance, so rows that are close in time are close on disk, whatever their ids. */
  readonly key: number;
  readonly id: string;
  readonly name: string;
  readonly version: string | null;
  readonly execution: string;
  readonly status: RuntimeStatus;
  /** JSON texts. */
  readonly input: string | null;
  readonly output: string | null;
  readonly customStatus: string | null;
  readonly parent: Parent | null;
  readonly created: number;
  readonly updated: number;
}

/** Something that will enter the history of an instance. */
export interface Message {
  readonly key: number;
  readonly instance: number;
  /** Null for a message to the instance, whichever generation runs. */
  readonly execution: string | null;
  /** For timers: not to be delivered before this time. */
  readonly due: number | null;
  readonly event: HistoryEvent;
}

/**
 * A message in memory. It is consumed as soon as a turn has taken it, often before it was ever written: then there is nothing
 * to write or delete.
 */
export interface WaitingMessage extends Message {
  stored: boolean;
  taken: boolean;
}

/** An activity that has to run at least once. */
export interface ActivityTask extends Address {
  readonly key: number;
  readonly instanceId: string;
  readonly id: number;
  readonly name: string;
  /** The string for the trigger. */
  readonly input: string;
}
