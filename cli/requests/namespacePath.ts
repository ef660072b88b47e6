import type { Berth } from "../../src/domain/naming/names.ts";
import { readBerth } from "../arguments/values.ts";

export interface Named {
  /** `aks-dev/team-a` */
  readonly name: string;
  readonly at: Berth;
}

/** The namespace that the command line names. */
export function namespaceOf([text = ""]: readonly string[]): Named {
  const { cluster, namespace } = readBerth(text);
  return { name: `${cluster}/${namespace}`, at: { cluster, namespace } };
}
