/** The kinds of path that routes have. */
import { z } from "zod";
import { notOnboarded } from "../application/admission/seeNamespace.ts";
import type { NamespaceRef } from "../domain/naming/names.ts";
import { Namespace } from "../domain/request/request.ts";
import type { Place } from "./declaration.ts";
import { problem } from "./docs/answers.ts";
import { names } from "./docs/examples.ts";

export function at(path: string): Place<undefined> {
  return { path, read: () => undefined };
}

/** A path below a namespace; `more` begins with a slash. */
export function atNamespace(more = ""): Place<NamespaceRef> {
  return {
    path: `/api/namespaces/{cluster}/{namespace}${more}`,
    names: z.object({
      cluster: z.string().meta({ description: "Alias of the cluster in the catalog.", examples: [names.cluster] }),
      namespace: z.string().meta({ description: "The Kubernetes namespace.", examples: [names.namespace] }),
    }),
    answers: { 404: problem("The namespace is not onboarded.", "NOT_ONBOARDED") },
    read: readNamespaceRef,
  };
}

/** A path below an operation, which its handler gets by ID. */
export function atOperation(more = ""): Place<string> {
  return {
    path: `/api/operations/{id}${more}`,
    names: z.object({
      id: z
        .string()
        .meta({ description: "The ID from the answer that accepted the operation.", examples: [names.operation] }),
    }),
    answers: { 404: problem("No operation has this ID.", "NOT_FOUND") },
    read: ({ id = "" }) => id,
  };
}

/** A name that cannot be valid is not looked up: it is simply not onboarded. */
function readNamespaceRef({ cluster = "", namespace = "" }: Readonly<Record<string, string>>): NamespaceRef {
  const namespaceRef = { cluster, namespace };
  if (!Namespace.safeParse(namespace).success || !/^[a-z0-9-]{1,40}$/.test(cluster)) throw notOnboarded(namespaceRef);
  return namespaceRef;
}
