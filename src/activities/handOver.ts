import { z } from "zod";
import { handOverNamespace } from "../application/operation/handOver.ts";
import { StepInput } from "../resources/definitions/step.ts";
import { activity } from "./host.ts";

/** In a take-over: from here on, the namespace is the other team's. */
export const handOver = activity({
  name: "handOver",
  input: StepInput,
  output: z.object({}),
  async run(input, ports) {
    await handOverNamespace(ports, input);
    return {};
  },
});
