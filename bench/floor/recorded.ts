/** One HTTP call of the service, as `recordCalls.ts` writes it and `replay.ts` sends it again. */
export interface RecordedCall {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: string | null;
  /** Milliseconds on the service's clock. */
  readonly begun: number;
  readonly ended: number;
}
