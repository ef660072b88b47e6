export { unrecorded as quietStep } from "../../src/application/recovery/watchLeftovers.ts";

/** What every step's input has, beside what the operation gives it. */
export const quietInput = {
  operation: "now",
  retry: { firstIntervalMs: 1, maxIntervalMs: 1, attempts: 1 },
  requestedBy: "somebody",
};
