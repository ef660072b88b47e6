/** Targets of the usual catalog whose data a verification Job reads, and the call by which it reads each. */
import type { Fault, Wire } from "../../../packages/azure-sim/src/faults.ts";
import type { TargetEntry, TargetRequest } from "../../../src/domain/targets/namedTarget.ts";

interface Tried {
  readonly kind: TargetEntry["kind"];
  readonly access: TargetRequest["access"];
  readonly wire: Wire;
  readonly call: Pick<Fault, "operation" | "target">;
}

export const triedTargets: Readonly<Record<string, Tried>> = {
  uploads: tried("storageBlob", "read", { wire: "storage", target: "stdev/uploads" }),
  jobs: tried("storageQueue", "receive", { wire: "storage", target: "stdev/jobs" }),
  sessions: tried("storageTable", "read", { wire: "storage", target: "stdev/sessions()" }),
  secrets: tried("keyVaultSecrets", "read", { wire: "keyVault", target: "kv-dev" }),
  carts: tried("cosmosNoSql", "read", { wire: "cosmos", target: "cosmos-dev/dbs/shop/colls/carts" }),
  settings: tried("appConfiguration", "read", { wire: "appConfiguration", target: "appcs-dev" }),
  gpt: tried("openAi", "use", { wire: "openAi", target: "oai-dev" }),
  returns: tried("serviceBus", "receive", { wire: "serviceBus", target: "sb-dev/returns", operation: "peek" }),
};

function tried(
  kind: Tried["kind"],
  word: Tried["access"][number],
  { wire, ...call }: { readonly wire: Wire } & Tried["call"],
): Tried {
  return { kind, access: [word], wire, call };
}
