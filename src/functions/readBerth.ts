import { type Berth, berthKey } from "../domain/names.ts";
import { Namespace } from "../domain/request.ts";
import type { NamespaceRecord, Registry, Stored } from "../ports.ts";
import { Refusal } from "./refusal.ts";

/** The namespace that a path names. One that cannot be a namespace is not looked up: it is simply not onboarded. */
export function readBerth({ cluster = "", namespace = "" }: Readonly<Record<string, string>>): Berth {
  const berth = { cluster, namespace };
  if (!Namespace.safeParse(namespace).success || !/^[a-z0-9-]{1,40}$/.test(cluster)) throw notOnboarded(berth);
  return berth;
}

export async function findNamespace(registry: Registry, berth: Berth): Promise<Stored<NamespaceRecord>> {
  const record = await registry.getNamespace(berth);
  if (!record) throw notOnboarded(berth);
  return record;
}

function notOnboarded(berth: Berth): Refusal {
  return new Refusal("NOT_ONBOARDED", `Mooring has not onboarded ${berthKey(berth)}.`);
}
