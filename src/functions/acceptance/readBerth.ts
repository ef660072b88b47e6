import { notOnboarded } from "../../application/admission/seeNamespace.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { Namespace } from "../../domain/request/request.ts";

/** The namespace that a path names. A name that cannot be valid is not looked up: it is simply not onboarded. */
export function readBerth({ cluster = "", namespace = "" }: Readonly<Record<string, string>>): Berth {
  const berth = { cluster, namespace };
  if (!Namespace.safeParse(namespace).success || !/^[a-z0-9-]{1,40}$/.test(cluster)) throw notOnboarded(berth);
  return berth;
}
