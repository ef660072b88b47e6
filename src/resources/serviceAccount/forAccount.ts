/** Steps that make what the workload's service account needs of its identity. */

import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { accountOf, clientOf, earlierOf, type OperationFacts } from "../definitions/operationFacts.ts";
import type { Given } from "../definitions/step.ts";
import { ensuring } from "../kubernetesObject/objectSteps.ts";
import { accountKey } from "./serviceAccount.ts";

const given = {
  serviceAccount: z.string(),
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: ClientId }),
};
type ForAccount = NamespaceRef & Given<typeof given>;

export function ensuringForAccount(desired: (catalog: Catalog, input: ForAccount) => readonly KubernetesObject[]) {
  return {
    given,
    target: "namespace",
    from: (operation: OperationFacts) => ({
      serviceAccount: accountOf(operation),
      adoptionPolicy: operation.request.adoptionPolicy,
      identity: clientOf(operation),
    }),
    ...ensuring<Given<typeof given>>(desired),
  } as const;
}

const account = { serviceAccount: z.string() };
export type OfAccount = Given<typeof account>;

/** What removes something from the service account of the request. */
export const ofAccount = {
  given: account,
  from: (operation: OperationFacts) => ({ serviceAccount: accountOf(operation) }),
};

/** The same for a service account that a change replaces. */
export const ofReplacedAccount = {
  stage: "replace",
  target: (input: NamespaceRef & OfAccount) => accountKey(input, input.serviceAccount),
  given: account,
  from: (operation: OperationFacts) => ({ serviceAccount: earlierOf(operation).serviceAccount }),
} as const;
