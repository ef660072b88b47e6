/** What the walk-through reports to a terminal, or to a machine that reads lines of JSON. */
import type { OperationDocument } from "../../src/domain/documents/operation.ts";

export type DemoEvent =
  | { readonly event: "starting" }
  | { readonly event: "started"; readonly url: string; readonly durationMs: number }
  | { readonly event: "chapter"; readonly number: number; readonly title: string; readonly text: string }
  /** Something that a person would do at a prompt; here it is done through an SDK. */
  | { readonly event: "command"; readonly command: string; readonly note?: string }
  | {
      readonly event: "request";
      /** `POST /api/onboardings`, or the queue's name. */
      readonly to: string;
      /** The file whose content is sent, as a path in the checkout. */
      readonly file?: string;
      readonly body?: unknown;
    }
  /** Every change of an operation. */
  | { readonly event: "operation"; readonly operation: OperationDocument }
  | {
      readonly event: "workload";
      readonly pod: string;
      readonly exitCode: number;
      readonly log: string;
      readonly durationMs: number;
    }
  /** Something that was checked and is as it should be. */
  | { readonly event: "check"; readonly what: string; readonly found: string }
  | { readonly event: "ended"; readonly ok: true; readonly durationMs: number }
  | { readonly event: "ended"; readonly ok: false; readonly durationMs: number; readonly surprise: string };

export interface DemoReporter {
  report(event: DemoEvent): void;
  /** Restores the terminal. */
  close(): void;
}

/** Something is not as the walk-through expects. */
export class UnexpectedResult extends Error {
  override readonly name = "UnexpectedResult";
}
