import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import {
  type AzureRoleKindName,
  azureRoleKindNames,
  isAzureRolePlace,
  rolesFor,
  scopeOf,
} from "../../../src/domain/targets/azureRoles.ts";
import { catalog as usual } from "../../support/fakeCloud.ts";
import { formerIdentity, principalIdOf } from "../../support/ids.ts";
import { assign } from "../../support/models/azure.ts";
import { azureRoleEntries, type WrittenEntry } from "../../support/targetEntries.ts";
import { asking, cloudWith, type Family, flagOf, only, whoseIn } from "../family.ts";

/** Each kind, as a whole and at each of its parts: a kind that is added is in here by itself. */
export const azureRoles: Readonly<Record<string, Family>> = Object.fromEntries(
  azureRoleKindNames.flatMap((kind) =>
    Object.entries(azureRoleEntries(kind)).map(([name, entry]) => [name, azureRole(kind, entry)]),
  ),
);

function azureRole(kind: AzureRoleKindName, entry: WrittenEntry): Family {
  const { targets } = Catalog.parse({ ...usual, targets: { it: entry } });
  const place = targets["it"];
  if (!place || !isAzureRolePlace(place)) throw new Error("the catalog has another target");
  const { access } = place;
  const scope = scopeOf(place);
  const ask = (words: typeof access) => ({
    request: asking({ targets: [{ target: "it", access: words }] }),
    given: rolesFor(kind, words)
      .map(({ id }) => `${id} ${scope} ours`)
      .toSorted(),
  });
  const idOf = (name: string) => `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;

  return {
    kind: "namedTarget",
    conflict: "TARGET_ACCESS_CONFLICT",
    stale: "GRANT_STALE",
    all: ask(access),
    // A kind that is changed stands for its parts.
    less: access.length > 1 && Object.keys(entry).length === 3 ? ask(access.slice(0, 1)) : undefined,
    begin() {
      const cloud = cloudWith(targets);
      const { roleAssignments } = cloud;
      const roleOf = (id: string) => id.split("/").at(-1);
      const edit = (changes: object) => assign(cloud, { ...only(roleAssignments.values()), ...changes });
      const give = (role: string, principalId: string, name: string) =>
        assign(cloud, {
          ...{ id: idOf(name), scope, principalId: principalIdOf(principalId) },
          roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${role}`,
        });
      return {
        cloud,
        given() {
          const whose = whoseIn(cloud);
          return [...roleAssignments.values()]
            .map((each) => `${roleOf(each.roleDefinitionId)} ${each.scope} ${whose(each.principalId)}`)
            .toSorted();
        },
        drifts: () => ({
          role: {
            found: ["GRANT_MISSING"],
            change: () => void roleAssignments.delete(only(roleAssignments.keys())),
          },
          mark: { found: ["MARK_MISSING"], change: () => edit({ description: "tidied up" }) },
          condition: { found: ["GRANT_LIMITED"], change: () => edit({ condition: "@Resource[…]" }) },
          principal: {
            found: ["GRANT_STALE"],
            change: () =>
              edit({ id: idOf("earlier"), principalId: formerIdentity(cloud, "aks-dev/team-a").principalId }),
          },
        }),
        lend: ({ principalId }) => {
          for (const { id } of rolesFor(kind, access)) give(id, principalId, `theirs-${id}`);
        },
        byHand({ azureCli }) {
          roleAssignments.clear();
          for (const line of azureCli.split("\n").filter((each) => each.startsWith("az role assignment create"))) {
            if (flagOf(line, "scope") !== scope || flagOf(line, "subscription") !== scope.split("/")[2])
              throw new Error(`elsewhere: ${line}`);
            give(flagOf(line, "role"), flagOf(line, "assignee-object-id"), flagOf(line, "role"));
          }
        },
      };
    },
  };
}
