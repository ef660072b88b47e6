import { armWrite, defineResource, ofIdentity } from "../definitions/resource.ts";

/** The user-assigned identity of the namespace, on which everything else depends. */
export const identity = defineResource({
  making: "prepare",
  leaving: "identity",
  steps: {
    ensureIdentity: { of: "identity", stage: "prepare", ...armWrite },
    removeIdentity: { of: "identity", undoes: ["ensureIdentity"], ...armWrite },
  },
  ensure: (request) => [ofIdentity("ensureIdentity", request)],
  remove: (request) => [ofIdentity("removeIdentity", request)],
  undo: () => ["removeIdentity"],
});
