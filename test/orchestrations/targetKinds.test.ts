/**
 * What must hold of every kind of target with roles in Azure, as a whole and at each of its parts, with every access that is given
 * there: docs/reliability.md has the table. A kind that is added is in here by itself.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { exportAzureCli, exportKubernetes } from "../../src/application/inspection/exportNamespace.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import {
  azureRoleKindNames,
  azureRoleKinds,
  isAzureRolePlace,
  rolesFor,
  scopeOf,
} from "../../src/domain/targets/azureRoles.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
import { formerIdentity } from "../support/ids.ts";
import { assign } from "../support/models/azure.ts";
import { operate } from "../support/operations.ts";
import { expectNothingLeft } from "../support/remains.ts";
import { azureRoleEntries } from "../support/targetEntries.ts";

const entries = azureRoleKindNames.flatMap((kind) =>
  Object.entries(azureRoleEntries(kind)).map(([name, entry]) => [name, kind, entry] as const),
);

describe.each(entries)("%s", (_name, kind, entry) => {
  const catalog = Catalog.parse({ ...usual, targets: { it: entry } });
  const place = catalog.targets["it"];
  if (!place || !isAzureRolePlace(place)) throw new Error("the catalog has another target");
  const { access } = place;
  const roles = rolesFor(kind, access)
    .map(({ id }) => id)
    .toSorted();
  const scope = scopeOf(place);
  const request = OnboardingRequest.parse({
    ...{ cluster: "aks-dev", namespace: "team-a" },
    targets: [{ target: "it", access }],
  });
  let cloud: FakeCloud;

  function begin() {
    cloud = createFakeCloud({ targets: catalog.targets });
    providePorts(cloud.ports);
  }
  beforeEach(begin);

  const given = () =>
    [...cloud.roleAssignments.values()].map(({ roleDefinitionId }) => roleDefinitionId.split("/").at(-1)).toSorted();

  function recorded() {
    const record = cloud.namespaces.get("aks-dev/team-a");
    if (!record?.clientId) throw new Error("it is not onboarded");
    return { request: record.request, clientId: record.clientId, things: record.things };
  }

  async function found() {
    const { findings } = await proveNamespace(cloud.ports, recorded(), "run");
    return findings.map(({ code }) => code);
  }

  it("gives what the plan says, at the scope of the part, and no more", async () => {
    const plan = await planOnboarding(cloud.ports, { operation: "dry-run", request });
    const { operation } = await operate(cloud, "onboard", request);

    expect(operation).toMatchObject({ status: "Succeeded" });
    const [planned] = plan.steps.filter(({ name }) => name === "grantTarget");
    expect(planned).toMatchObject({ target: "it", action: "create" });
    expect(planned?.differences.map(({ desired }) => desired)).toEqual(roles.map(() => "granted"));
    const done = await cloud.ports.registry.listSteps(operation.id);
    expect(done.find(({ name }) => name === "grantTarget")).toMatchObject({ action: "create" });
    expect(given()).toEqual(roles);
    expect(new Set([...cloud.roleAssignments.values()].map((each) => each.scope))).toEqual(new Set([scope]));
    expect(await found()).toEqual([]);
  });

  it("is missing without the part that it names: said before anything is written, and found later", async () => {
    const { azureResources } = cloud.ports;
    const without = async (resource: string, version: string) =>
      resource === scope ? undefined : await azureResources.find(resource, version);
    const gone = { ...cloud.ports, azureResources: { ...azureResources, find: without } };
    const message = expect.stringContaining(`no resource ${scope} `);

    const plan = await planOnboarding(gone, { operation: "dry-run", request });
    expect(plan.steps.flatMap(({ blockers }) => blockers)).toMatchObject([{ code: "TARGET_MISSING", message }]);
    providePorts(gone);
    const { operation } = await operate({ ...cloud, ports: gone }, "onboard", request);
    expect(operation).toMatchObject({ status: "Failed", error: { code: "TARGET_MISSING", message } });
    expectNothingLeft(cloud);

    providePorts(cloud.ports);
    await operate(cloud, "onboard", request);
    const { findings } = await proveNamespace(gone, recorded(), "run");
    expect(findings).toMatchObject([{ code: "TARGET_GONE", target: "it", field: "resource", expected: scope }]);
    expect(await found()).toEqual([]);
  });

  it("is missing as a whole where the resource is, and is read no more often than needed", async () => {
    const { azureResources } = cloud.ports;
    const find = async () => undefined;
    const gone = { ...cloud.ports, azureResources: { ...azureResources, find } };
    const plan = await planOnboarding(gone, { operation: "dry-run", request });
    const message = expect.stringContaining(`no resource ${place.resourceId} `);
    expect(plan.steps.flatMap(({ blockers }) => blockers)).toMatchObject([{ code: "TARGET_MISSING", message }]);

    const read: string[] = [];
    const counting = (resource: string, version: string) => {
      read.push(resource);
      return azureResources.find(resource, version);
    };
    const ports = { ...cloud.ports, azureResources: { ...azureResources, find: counting } };
    await planOnboarding(ports, { operation: "dry-run", request });
    // What a vault is decides whether roles have an effect.
    expect(read).toEqual(kind === "keyVaultSecrets" ? [...new Set([place.resourceId, scope])] : [scope]);
  });

  it("is given with a notice where Mooring may not read whether it is there", async () => {
    const { azureResources } = cloud.ports;
    const unread = async (resource: string, version: string) => {
      if (resource === scope) throw new PermanentError("ARM_FORBIDDEN", `may not read ${scope}`);
      return await azureResources.find(resource, version);
    };
    const ports = { ...cloud.ports, azureResources: { ...azureResources, find: unread } };
    providePorts(ports);

    const plan = await planOnboarding(ports, { operation: "dry-run", request });
    expect(plan.steps.flatMap(({ blockers }) => blockers)).toEqual([]);
    expect(plan.steps.flatMap(({ notices = [] }) => notices)).toContainEqual(
      expect.objectContaining({ code: "TARGET_UNSEEN", message: `may not read ${scope}` }),
    );
    const { operation } = await operate({ ...cloud, ports }, "onboard", request);
    expect(operation).toMatchObject({ status: "Succeeded" });
    const { findings } = await proveNamespace(ports, recorded(), "run");
    expect(findings).toEqual([]);
  });

  it("finds drift of each field, and repairs it", async () => {
    await operate(cloud, "onboard", request);
    const [first] = cloud.roleAssignments.values();
    if (!first) throw new Error("no role was given");
    const { id } = first;
    const replace = (changes: object) => {
      const current = cloud.roleAssignments.get(id);
      if (!current) throw new Error("the role is not there");
      assign(cloud, { ...current, ...changes });
    };
    const drifts: readonly (readonly [code: string, change: () => void])[] = [
      ["GRANT_MISSING", () => void cloud.roleAssignments.delete(id)],
      ["MARK_MISSING", () => replace({ description: "tidied up" })],
      ["GRANT_LIMITED", () => replace({ condition: "@Resource[…]" })],
      [
        "GRANT_STALE",
        () =>
          void assign(cloud, {
            ...first,
            id: `${scope}/providers/Microsoft.Authorization/roleAssignments/earlier`,
            principalId: formerIdentity(cloud, "aks-dev/team-a").principalId,
          }),
      ],
    ];
    for (const [code, change] of drifts) {
      change();
      expect(await found(), code).toEqual([code]);
      const { operation } = await operate(cloud, "repair", request);
      expect(operation, code).toMatchObject({ status: "Succeeded" });
      expect(given(), code).toEqual(roles);
      expect(await found(), code).toEqual([]);
    }
  });

  it.each(["before", "after"] as const)(
    "is undone when a write fails, whichever it is, %s its effect",
    async (moment) => {
      for (let refused = 1; ; refused += 1) {
        begin();
        let writes = 0;
        cloud.onWrite = ({ when, what }) => {
          if (when !== moment) return;
          writes += 1;
          if (writes === refused) throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
        };
        const { operation } = await operate(cloud, "onboard", request);
        if (operation.status === "Succeeded") break;
        expect([...cloud.roleAssignments], `write ${refused}`).toEqual([]);
        expectNothingLeft(cloud);
      }
      expect(given()).toEqual(roles);
    },
  );

  it("uses what somebody else gave, unless adoptionPolicy forbids it, and leaves it there", async () => {
    await operate(cloud, "onboard", request);
    const theirs = [...cloud.roleAssignments.values()].map(({ description: _mark, ...role }, index) => ({
      ...role,
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/theirs${index}`,
    }));
    cloud.roleAssignments.clear();
    for (const role of theirs) assign(cloud, role);

    const never = { ...request, adoptionPolicy: "Never" as const };
    const refused = await planOnboarding(cloud.ports, { operation: "dry-run", request: never });
    expect(refused.steps.flatMap(({ blockers = [] }) => blockers.map(({ code }) => code))).toEqual([
      "TARGET_ACCESS_CONFLICT",
    ]);
    const plan = await planOnboarding(cloud.ports, { operation: "dry-run", request });
    expect(plan.steps.find(({ name }) => name === "grantTarget")).toMatchObject({ action: "adopt" });
    expect((await operate(cloud, "repair", request)).operation).toMatchObject({ status: "Succeeded" });
    expect([...cloud.roleAssignments.values()]).toEqual(theirs);
    expect(await found()).toEqual([]);
  });

  it("is the same by hand, with the commands of its export", async () => {
    await operate(cloud, "onboard", request);
    const { clientId } = recorded();
    const commands = exportAzureCli(catalog, { request, clientId })
      .split("\n")
      .filter((line) => line.startsWith("az role assignment create"));
    const flag = (line: string, name: string) => new RegExp(`--${name} (\\S+)`).exec(line)?.[1];

    expect(commands.map((line) => flag(line, "role")).toSorted()).toEqual(roles);
    expect(exportKubernetes(catalog, { request, clientId })).toContain(azureRoleKinds[kind].address.variable);
    for (const line of commands) {
      expect(flag(line, "scope")).toBe(scope);
      expect(flag(line, "assignee")).toBe(clientId);
      expect(flag(line, "subscription")).toBe(scope.split("/")[2]);
    }
    const [principalId] = [...cloud.identities.values()].map((identity) => identity.principalId);
    const known = exportAzureCli(catalog, { request, clientId, principalId })
      .split("\n")
      .filter((line) => line.includes("--assignee-principal-type ServicePrincipal"));

    // Somebody runs them, and a verification finds nothing missing.
    cloud.roleAssignments.clear();
    expect(await found()).toEqual(roles.map(() => "GRANT_MISSING"));
    for (const line of known) {
      assign(cloud, {
        ...{ id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${flag(line, "role")}`, scope },
        roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${flag(line, "role")}`,
        principalId: flag(line, "assignee-object-id") ?? "",
      });
    }
    expect(given()).toEqual(roles);
    expect(await found()).toEqual([]);
  });

  it("leaves nothing after an offboarding", async () => {
    await operate(cloud, "onboard", request);
    const { operation } = await operate(cloud, "offboard", request);

    expect(operation).toMatchObject({ status: "Succeeded" });
    expect([...cloud.roleAssignments]).toEqual([]);
    expectNothingLeft(cloud);
  });
});
