/** Steps that make what the workload's service account needs of its identity. */

import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { accountOf, clientOf, type OperationFacts } from "../definitions/operationFacts.ts";
import type { Given } from "../definitions/step.ts";
import { ensuring } from "../kubernetesObject/objectSteps.ts";

const given = {
  serviceAccount: z.string(),
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: ClientId }),
};
type ForAccount = Berth & Given<typeof given>;

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
