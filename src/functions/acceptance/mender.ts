import type { DurableClient } from "durable-functions";
import type { Ports } from "../../ports.ts";

/** What a timer needs that mends what a crash left. */
export interface Mender {
  readonly ports: Ports;
  readonly client: DurableClient;
  readonly warn: (message: string) => void;
}
