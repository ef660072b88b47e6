import type { Changes } from "../../ports/registry.ts";

export interface ServerEvent {
  readonly event: string;
  /** What a client sends back as Last-Event-ID to continue from here. */
  readonly id: string;
  readonly data: unknown;
}

/** What one client receives, until it leaves. */
export interface Subscription {
  /** What is new since the last call. */
  poll(): Promise<readonly ServerEvent[]>;
  /** Signals that something may be new. */
  readonly changes: Changes;
  /** Whether more is waiting for the client than may be kept for it. */
  isBehind(): boolean;
  leave(): void;
}
