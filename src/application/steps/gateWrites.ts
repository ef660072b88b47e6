import { mayStillLand } from "../../domain/errors.ts";
import type { Ports } from "../../ports/index.ts";
import { aroundPorts } from "../aroundPorts.ts";

/**
 * The same ports, but each of their writes asks the gate, waits for it, and does not happen if it rejects. `onUnanswered` is called for
 * a write outside Mooring whose answer did not come: what it wrote may take effect later.
 */
export function gateWrites(
  ports: Ports,
  gate: () => Promise<unknown>,
  onUnanswered: () => void = () => undefined,
): Ports {
  return aroundPorts(ports, ({ effect, isOutward, go }) => {
    if (effect !== "writes") return go();
    return gate().then(async () => {
      try {
        return await go();
      } catch (error) {
        if (isOutward && mayStillLand(error)) onUnanswered();
        throw error;
      }
    });
  });
}
