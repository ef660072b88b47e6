import type { StepContext } from "../../src/resources/definitions/step.ts";

/** For a step that runs by itself, in its last try: what it reports goes nowhere. */
export const quietStep: StepContext = {
  invocation: { invocationId: "alone", log: () => undefined, warn: () => undefined },
  willDo: async () => undefined,
  earlier: async () => undefined,
  notice: async () => undefined,
  isLastTry: async () => true,
  commit: async () => undefined,
  plan: async () => {
    throw new Error("a step that runs by itself has no plan");
  },
};

/** What every step's input has, beside what the operation gives it. */
export const quietInput = {
  operation: "now",
  retry: { firstIntervalMs: 1, maxIntervalMs: 1, attempts: 1 },
  requestedBy: "somebody",
};
