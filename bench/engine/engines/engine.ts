/** An engine as the bench sees it: it runs the workflow, and says in which processes. */

export interface Engine {
  readonly name: string;
  /** What is on disk when a workflow has ended, and what makes it so. */
  readonly durability: string;
  /** All that runs for it, the bench itself left out. */
  readonly pids: readonly number[];
  /** From the start of its first process, in milliseconds. */
  readonly readyMs: number;
  /** One workflow, from the request to the answer that it has ended. Each of its steps waits so long. */
  run(stepMs: number): Promise<void>;
  close(): Promise<void>;
}
