import type { Account } from "./data.ts";

/** One call of a caller whose token is good. */
export interface Asked {
  readonly method: string;
  /** Of the container, queue or table, and what is in it. */
  readonly names: readonly string[];
  readonly query: URLSearchParams;
  readonly account: Account;
  readonly body: string;
  readonly contentType: string | undefined;
  /** `bytes=0-33554431` */
  readonly range: string | undefined;
  readonly now: Date;
  /** Throws unless a role of the caller's has the action there. */
  expectRight(action: string): void;
}
