import type { NamespaceRef } from "../../src/domain/naming/names.ts";
import { readNamespaceRef } from "../arguments/values.ts";

export interface Named {
  /** `aks-dev/team-a` */
  readonly name: string;
  readonly at: NamespaceRef;
}

/** The namespace that the command line names. */
export function namespaceOf([text = ""]: readonly string[]): Named {
  const { cluster, namespace } = readNamespaceRef(text);
  return { name: `${cluster}/${namespace}`, at: { cluster, namespace } };
}
