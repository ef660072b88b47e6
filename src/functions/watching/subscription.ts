import type { Changes } from "../../ports.ts";

export interface ServerEvent {
  readonly event: string;
  /** What a client sends back as Last-Event-ID to go on from here. */
  readonly id: string;
  readonly data: unknown;
}

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
