import { orchestration } from "../durable/orchestration.ts";
import { conclude, OperationInput } from "./operation.ts";
import { provision } from "./provision.ts";

/** Gives a namespace its identity, its database users and its Kubernetes objects, and verifies the result. */
export const onboardNamespace = orchestration({
  name: "onboardNamespace",
  input: OperationInput,
  run: (context, input) => conclude(context, { ...input, kind: "onboard" }, () => provision(context, input, "onboard")),
});
