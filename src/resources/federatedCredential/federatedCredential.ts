import { replacedAccount } from "../../domain/request/change.ts";
import { armWrite, defineResource, ofIdentity } from "../definitions/resource.ts";
import { accountKey } from "../serviceAccount/serviceAccount.ts";

/** Lets tokens of the service account be exchanged for tokens of the identity. */
export const federatedCredential = defineResource({
  mode: "workloadIdentity",
  making: "connect",
  leaving: "credential",
  // An identity that is not Mooring's stays, but a credential from an earlier mode must not.
  leavesInAnyMode: true,
  steps: {
    federateIdentity: { of: "identity", stage: "connect", ...armWrite },
    unfederateIdentity: { of: "identity", undoes: ["federateIdentity"], ...armWrite },
    retireCredential: { of: "account", stage: "replace", writesIdentity: true },
    returnCredential: { of: "identity", undoes: ["unfederateIdentity"], ...armWrite },
  },
  ensure: (request) => [ofIdentity("federateIdentity", request)],
  remove: (request) => [ofIdentity("unfederateIdentity", request)],
  replace(request, earlier) {
    const account = replacedAccount(request, earlier);
    return account === undefined ? [] : [{ name: "retireCredential", target: accountKey(request, account) }];
  },
  undo: () => ["unfederateIdentity"],
  returning: "returnCredential",
});
