/** Parts of resources with roles in Azure that are not there, or that Mooring may not look for. What else holds of each: test/families. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { proveNamespace } from "../../src/application/inspection/proveNamespace.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { azureRoleKindNames, isAzureRolePlace, scopeOf } from "../../src/domain/targets/azureRoles.ts";
import { createFakeCloud, type FakeCloud, catalog as usual } from "../support/fakeCloud.ts";
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
  const scope = scopeOf(place);
  const request = OnboardingRequest.parse({
    ...{ cluster: "aks-dev", namespace: "team-a" },
    targets: [{ target: "it", access }],
  });
  let cloud: FakeCloud;

  beforeEach(() => {
    cloud = createFakeCloud({ targets: catalog.targets });
    providePorts(cloud.ports);
  });

  function recorded() {
    const record = cloud.namespaces.get("aks-dev/team-a");
    if (!record?.clientId) throw new Error("it is not onboarded");
    return { request: record.request, clientId: record.clientId, things: record.things };
  }

  async function found() {
    const { findings } = await proveNamespace(cloud.ports, recorded(), "run");
    return findings.map(({ code }) => code);
  }

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
});
