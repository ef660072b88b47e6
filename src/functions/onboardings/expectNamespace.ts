import type { HttpRequest } from "@azure/functions";
import type { AdmissionOptions } from "../../application/admission/admission.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { expectMatch, expectNoMatch, expectNothingNamed } from "../http/conditions.ts";
import { currentNamespace } from "../namespaces/namespaceDocument.ts";

/** If-Match and If-None-Match of a request refer to the namespace that it names. */
export function expectNamespace(
  request: Pick<HttpRequest, "headers">,
  berth: Berth,
): NonNullable<AdmissionOptions["expect"]> {
  return (record, isDone) => {
    if (!record) return expectNothingNamed(request, `Namespace ${berthKey(berth)} is not onboarded.`);
    const current = currentNamespace(record);
    // If the request is already done, If-Match names an old version: most likely this same request changed it.
    if (!isDone) expectMatch(request, current);
    expectNoMatch(request, current);
  };
}
