/** What every simulated service looks like to the sandbox. */
import type { Faults } from "./faults.ts";
import type { Certificate } from "./tls.ts";
import type { World } from "./world.ts";

export interface SimulatorContext {
  readonly world: World;
  readonly faults: Faults;
  readonly tls: Certificate;
}

export interface Simulator {
  /** Where it listens on loopback. */
  readonly url: string;
  readonly port: number;
  /** Ends the listener and every open connection. */
  close(): Promise<void>;
}
