import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import type { Access } from "../../../src/domain/targets/access.ts";
import { catalog as usual } from "../../support/fakeCloud.ts";
import { principalIdOf } from "../../support/ids.ts";
import { everyEntry } from "../../support/targetEntries.ts";
import { asking, cloudWith, type Family, flagOf, only, whoseIn } from "../family.ts";

const roles = { read: "00000000-0000-0000-0000-000000000001", write: "00000000-0000-0000-0000-000000000002" };

/** At an account and at each of its parts. */
export const cosmos: Readonly<Record<string, Family>> = {
  cosmosNoSql: at("cosmosNoSql", ""),
  "database of cosmosNoSql": at("database of cosmosNoSql", "/dbs/shop"),
  "container of cosmosNoSql": at("container of cosmosNoSql", "/dbs/shop/colls/carts"),
};

function at(name: string, scope: string): Family {
  const entry = everyEntry[name];
  if (!entry) throw new Error(`there is no ${name}`);
  const { targets } = Catalog.parse({ ...usual, targets: { it: entry } });
  const ask = (role: string, access: readonly Access[]) => ({
    request: asking({ targets: [{ target: "it", access }] }),
    given: [`${role} ${scope} ours`],
  });

  return {
    kind: "namedTarget",
    conflict: "TARGET_ACCESS_CONFLICT",
    stale: "GRANT_STALE",
    all: ask(roles.write, ["read", "write"]),
    less: ask(roles.read, ["read"]),
    begin() {
      const cloud = cloudWith(targets);
      const { cosmosAccounts } = cloud;
      const give = (roleId: string, principalId: string, where = scope) => {
        const id = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
        const given = { name: id, roleId, principalId: principalIdOf(principalId), scope: where };
        cosmosAccounts.set(`${entry.resourceId.toLowerCase()}/${id}`, given);
      };
      return {
        cloud,
        given() {
          const whose = whoseIn(cloud);
          return [...cosmosAccounts.values()].map((each) => `${each.roleId} ${each.scope} ${whose(each.principalId)}`);
        },
        drifts: () => ({
          role: { found: ["GRANT_MISSING"], change: () => cosmosAccounts.clear() },
          "a role of somebody else's": {
            ...{ found: ["GRANT_ADDED"], isOthers: true },
            change: () => give(roles.read, only(cloud.identities.values()).principalId),
          },
        }),
        lend: ({ principalId }) => give(roles.write, principalId),
        byHand({ azureCli }) {
          cosmosAccounts.clear();
          const line = only(azureCli.split("\n").filter((each) => each.includes("sql role assignment create")));
          const [, , , , group, , , , account] = entry.resourceId.split("/");
          if (flagOf(line, "account-name") !== account || flagOf(line, "resource-group") !== group)
            throw new Error(`elsewhere: ${line}`);
          const where = flagOf(line, "scope").slice(entry.resourceId.length);
          give(flagOf(line, "role-definition-id"), flagOf(line, "principal-id"), where);
        },
      };
    },
  };
}
