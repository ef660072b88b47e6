/** What every simulated service offers the sandbox. */
import type { Faults } from "./faults.ts";
import type { Certificate } from "./tls.ts";
import type { World } from "./world.ts";

export interface SimulatorContext {
  readonly world: World;
  readonly faults: Faults;
  readonly tls: Certificate;
}

export interface Simulator {
  /** Its address on loopback. */
  readonly url: string;
  readonly port: number;
  /** Stops the listener and closes every open connection. */
  close(): Promise<void>;
}
