import type { AdmissionOptions } from "../../application/admission/admission.ts";
import { currentNamespace } from "../../application/documents/namespaceDocument.ts";
import type { Current } from "../../domain/http/entityTag.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { Condition } from "../parameters/conditions.ts";

/** If-Match and If-None-Match of a request refer to the namespace that it names. */
export function expectNamespace(
  { condition, refuseExisting }: { readonly condition: Condition; readonly refuseExisting: (current: Current) => void },
  berth: Berth,
): NonNullable<AdmissionOptions["expect"]> {
  return (record, isDone) => {
    if (!record) return condition.matchNothing(`Namespace ${berthKey(berth)} is not onboarded.`);
    const current = currentNamespace(record);
    // If the request is already done, If-Match names an old version: most likely this same request changed it.
    if (!isDone) condition.match(current);
    refuseExisting(current);
  };
}
