/** Mooring may give the roles of its own table, to service principals, and no others. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { azureRoleKindNames, azureRoleKinds, everyRole } from "../../src/domain/targets/azureRoles.ts";

const folder = join(dirname(dirname(import.meta.dirname)), "infra");
const read = (file: string) => readFile(join(folder, file), "utf8");

it("has every role of the table of kinds, by the same name, and no other", async () => {
  const known = azureRoleKindNames.flatMap((kind) => everyRole(kind).map(({ name, id }) => [name, id] as const));

  expect(JSON.parse(await read("azure/target-roles.json"))).toEqual(Object.fromEntries(known));
});

it("may read every type of resource and of part of the table", async () => {
  const { Actions } = JSON.parse(await read("azure/target-role.json"));
  const types = new Set(
    azureRoleKindNames.flatMap((kind) => {
      const { resourceType, parts } = azureRoleKinds[kind];
      const partTypes = Object.values(parts).map(({ path, inside }) => {
        const around = inside === undefined ? [] : [parts[inside]?.path ?? ""];
        // `default` is the name of the one service that an account has of each kind.
        return [resourceType, ...around, path.replace("/default/", "/")].join("/");
      });
      return [resourceType, ...partTypes];
    }),
  );

  expect(Actions.toSorted()).toEqual(
    [
      ...["*/read", "roleAssignments/write", "roleAssignments/delete"].map(
        (action) => `Microsoft.Authorization/${action}`,
      ),
      ...[...types].map((type) => `${type}/read`),
    ].toSorted(),
  );
});

it("may give roles in Cosmos DB accounts, and read what it looks at there, at the account alone", async () => {
  const { Actions } = JSON.parse(await read("azure/cosmos-role.json"));
  const template = await read("modules/rights/targets.bicep");

  const inAccount = ["read", "sqlDatabases/read", "sqlDatabases/containers/read"];
  const assigning = ["read", "write", "delete"].map((verb) => `sqlRoleAssignments/${verb}`);
  expect(Actions.toSorted()).toEqual(
    [
      "Microsoft.Authorization/*/read",
      ...[...inAccount, ...assigning].map((action) => `Microsoft.DocumentDB/databaseAccounts/${action}`),
      "Microsoft.DocumentDB/locations/operationsStatus/read",
    ].toSorted(),
  );
  // What writes is assigned on accounts; in the subscription, only what tells how an operation is going.
  expect(template.match(/cosmosRole\.name/g)).toHaveLength(1);
  expect(template).toMatch(/module onCosmosAccounts 'atCosmosAccount\.bicep'[\s\S]*?role: cosmosRole\.name/);
  expect(template).toMatch(/actions: cosmosAccountActions[\s\S]*actions: cosmosProgressActions/);
});

it("limits both giving and taking by role and by principal, wherever the template assigns it", async () => {
  const condition = (await read("azure/target-condition.txt")).replace(/\s+/g, " ");
  const template = await read("modules/rights/targets.bicep");
  const assignment = await read("modules/rights/atTargets.bicep");

  for (const [action, of] of [
    ["write", "@Request"],
    ["delete", "@Resource"],
  ] as const) {
    expect(condition).toContain(
      [
        `( (!(ActionMatches{'Microsoft.Authorization/roleAssignments/${action}'})) OR`,
        `( ${of}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {<roles>}`,
        `AND ${of}[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}`,
        `AND ${of}[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAllValues:GuidNotEquals {<mooring>} ) )`,
      ].join(" "),
    );
  }
  expect(condition.match(/ActionMatches/g)).toHaveLength(2);
  expect(template).toContain("'<mooring>',\n  principalId\n");
  // Every use of the role goes through the module that has the condition.
  expect(template.match(/targetRole\.name/g)).toHaveLength(1);
  expect(template).toMatch(
    /module onTargets 'atTargets\.bicep'[\s\S]*role: targetRole\.name, condition: targetCondition/,
  );
  expect(assignment).toContain("condition: condition");
});
