import { expect, it } from "vitest";
import { affectedBy } from "../../clients/removal.ts";
import type { AccessDocument } from "../../src/domain/documents/access.ts";

const row = (namespace: string, ifRemoved?: AccessDocument["ifRemoved"]): AccessDocument => ({
  ...{ cluster: "aks", namespace, namespaceState: "Onboarded", state: "inForce", kind: "database", target: "sql/one" },
  ...{ access: ["reader"], approvedBy: [], others: [], ...(ifRemoved ? { ifRemoved } : {}) },
});

it("names each namespace once, together with those that have the same ahead of them", () => {
  const stays = [{ effect: "It stays." }, { effect: "It is refused.", code: "UNKNOWN_TARGET" }];

  expect(
    affectedBy([row("a", stays), row("a", stays), row("b", stays), row("c", [{ effect: "It goes." }]), row("d")]),
  ).toEqual([
    { namespaces: ["aks/a", "aks/b"], effects: ["It stays.", "It is refused. (UNKNOWN_TARGET)"] },
    { namespaces: ["aks/c"], effects: ["It goes."] },
  ]);
});
