import type { HttpRequest, InvocationContext } from "@azure/functions";
import { noteRefusalOf, type RefusalTrail } from "../../application/watching/refusalTrail.ts";
import type { Caller } from "../../domain/access/caller.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";

/** Writes the refusal of a request into the audit trail. */
export async function noteRefusal(
  trail: RefusalTrail,
  error: unknown,
  {
    request,
    by,
    context,
    traceparent,
  }: { request: HttpRequest; by: Caller; context: InvocationContext; traceparent: Traceparent },
): Promise<void> {
  // Taken from the address as they are: they are not validated yet when the caller lacks the role.
  const cut = (text: string | undefined) => text?.slice(0, 100);
  const [cluster, namespace, id] = ["cluster", "namespace", "id"].map((name) => cut(request.params[name]));
  await noteRefusalOf(
    trail,
    error,
    { by, what: context.functionName, cluster, namespace, operation: id, traceparent },
    context,
  );
}
