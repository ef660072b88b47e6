import { orchestration } from "../durable/orchestration.ts";
import { saga } from "../durable/saga.ts";
import { conclude, OperationInput, setPhase } from "./operation.ts";
import { persistenceOf } from "./persistence.ts";
import { provision } from "./provision.ts";

/**
 * Gives a namespace its identity, its database users and its Kubernetes objects, and verifies the result. If a step fails for
 * good, everything that this operation created is removed again, newest first.
 */
export const onboardNamespace = orchestration({
  name: "onboardNamespace",
  input: OperationInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "onboard" }, () =>
      saga((onFailure) => provision(context, input, { onFailure, endsOperation: true }), {
        beforeCompensation: () => setPhase(context, "compensating"),
        persistence: persistenceOf(context, { ...input, kind: "onboard" }),
      }),
    ),
});
