import type { Caller } from "../../domain/access/caller.ts";
import type { Berth } from "../../domain/naming/names.ts";
import type { NamespaceRecord, Stored } from "../../domain/operation/records.ts";
import { maySee } from "../../domain/policy/policy.ts";
import { Namespace } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { notOnboarded } from "./acceptance.ts";

/** The namespace that a path names. One that cannot be a namespace is not looked up: it is simply not onboarded. */
export function readBerth({ cluster = "", namespace = "" }: Readonly<Record<string, string>>): Berth {
  const berth = { cluster, namespace };
  if (!Namespace.safeParse(namespace).success || !/^[a-z0-9-]{1,40}$/.test(cluster)) throw notOnboarded(berth);
  return berth;
}

/** What the caller may not see is not there. */
export async function findNamespace(
  { registry }: Pick<Ports, "registry">,
  by: Caller,
  berth: Berth,
): Promise<Stored<NamespaceRecord>> {
  return mustSee(by, berth, await registry.getNamespace(berth));
}

export function mustSee(
  by: Caller,
  berth: Berth,
  record: Stored<NamespaceRecord> | undefined,
): Stored<NamespaceRecord> {
  if (!record || !maySee(by, record)) throw notOnboarded(berth);
  return record;
}
