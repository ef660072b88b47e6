import type { Berth } from "../../src/domain/naming/names.ts";
import { readBerth } from "../arguments/values.ts";

export interface Named extends Berth {
  readonly name: string;
  readonly path: string;
}

/** The path of the namespace that the command line names. */
export function namespaceOf([text = ""]: readonly string[], action = ""): Named {
  const { cluster, namespace } = readBerth(text);
  const path = `/api/namespaces/${encodeURIComponent(cluster)}/${encodeURIComponent(namespace)}${action}`;
  return { cluster, namespace, name: `${cluster}/${namespace}`, path };
}
