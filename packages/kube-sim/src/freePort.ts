/** For programs that have to be told their port. */
import { randomInt } from "node:crypto";
import { checkPort, PortTaken } from "./port.ts";

/** Below what Linux (from 32768), macOS and Windows (from 49152) give to connections, which would take the port before the program does. */
const [first, last] = [20_000, 30_000] as const;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, last);
    try {
      await checkPort(port);
      return port;
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
    }
  }
}
