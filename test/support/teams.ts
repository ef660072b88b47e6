/** A catalog with teams, for tests of policy. */
import type { Caller } from "../../src/domain/access/caller.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { catalog as base } from "./fakeCloud.ts";

export const groups = { red: "aaaaaaaa-0000-4000-8000-000000000001", blue: "aaaaaaaa-0000-4000-8000-000000000002" };
export const redWorkload = "aaaaaaaa-0000-4000-8000-000000000003";
const everything = {
  clusters: ["aks-dev"],
  databases: { "sql-dev": { messages: ["reader", "writer"], orders: ["reader"] } },
};

export const catalog = Catalog.parse({
  ...base,
  auth: {
    keys: { operator: { sha256: "0".repeat(64), roles: ["Onboarding.Operate"] } },
  },
  teams: {
    red: {
      ...everything,
      groups: [groups.red],
      applications: [redWorkload],
      namespaces: ["red", "red-*", "shared-*"],
      quota: 3,
      approval: [
        { roles: ["writer"], databases: ["sql-dev/messages"], by: { team: "blue" } },
        { databases: ["sql-dev/orders"] },
      ],
    },
    blue: { ...everything, groups: [groups.blue], namespaces: ["blue-*", "shared-*"] },
  },
});

export function member(...teams: string[]): Caller {
  return { id: `of-${teams}`, name: "somebody", teams, roles: ["Onboarding.Request"] };
}

export const operator: Caller = { id: "key:operator", name: "operator", teams: [], roles: ["Onboarding.Operate"] };
