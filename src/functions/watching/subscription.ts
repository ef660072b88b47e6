import type { Changes } from "../../ports.ts";
import type { ServerEvent } from "./eventStream.ts";

/** What one client is told, until it leaves. */
export interface Subscription {
  /** What is new since the last call. */
  poll(): Promise<readonly ServerEvent[]>;
  /** That something may be new. */
  readonly changes: Changes;
  /** More waits for the client than may be kept for it. */
  isBehind(): boolean;
  leave(): void;
}
