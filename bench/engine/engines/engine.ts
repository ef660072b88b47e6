/** An engine as the bench sees it: it runs the workflow, and names its processes. */

export interface Engine {
  readonly name: string;
  /** What is on disk when a workflow has ended, and what guarantees it. */
  readonly durability: string;
  /** All its processes, except the bench itself. */
  readonly pids: readonly number[];
  /** From the start of its first process, in milliseconds. */
  readonly readyMs: number;
  /** Runs one workflow, from the request to the answer that it has ended. Each of its steps waits for `stepMs`. */
  run(stepMs: number): Promise<void>;
  close(): Promise<void>;
}
