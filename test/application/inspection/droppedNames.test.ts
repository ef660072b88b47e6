import { expect, it } from "vitest";
import { describeDropped, findDropped } from "../../../src/application/inspection/droppedNames.ts";
import { open } from "../../../src/domain/operation/lifecycle.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";

async function onboard(
  { ports: { registry } }: ReturnType<typeof createFakeCloud>,
  {
    team,
    ...asked
  }: { cluster?: string; namespace: string; databases: readonly string[]; namespaceProfile?: string; team?: string },
) {
  const request = OnboardingRequest.parse({
    cluster: "aks-dev",
    ...asked,
    databases: asked.databases.map((key) => {
      const [server, database] = key.split("/");
      return { server, database, roles: ["reader"] };
    }),
  });
  const origin = { operation: "o", requestedBy: "r", acceptedTime: "2026-11-24T00:00:00.000Z", traceparent: "" };
  const { cluster, namespace } = request;
  const owner = team === undefined ? {} : { team };
  const opening = { ...origin, cluster, namespace, request, requestHash: "h", batch: undefined, ...owner };
  await registry.insertNamespace(open(opening));
}

it("finds databases, servers, clusters and teams in use that the catalog no longer has, with their namespaces", async () => {
  const cloud = createFakeCloud();
  await onboard(cloud, { namespace: "whole", databases: ["sql-dev/messages"] });
  await onboard(cloud, {
    namespace: "team-a",
    databases: ["sql-dev/old", "sql-gone/one", "sql-gone/two"],
    team: "gone",
  });
  await onboard(cloud, { namespace: "team-b", cluster: "aks-gone", databases: ["sql-dev/old"] });

  expect(await findDropped(cloud.ports)).toEqual([
    { what: "cluster aks-gone", namespaces: ["aks-gone/team-b"], count: 1 },
    { what: "database sql-dev/old", namespaces: ["aks-dev/team-a", "aks-gone/team-b"], count: 2 },
    { what: "SQL server sql-gone", namespaces: ["aks-dev/team-a"], count: 1 },
    { what: "team gone", namespaces: ["aks-dev/team-a"], count: 1 },
  ]);
});

it("finds a profile that the catalog no longer has", async () => {
  const cloud = createFakeCloud();
  await onboard(cloud, { namespace: "whole", databases: ["sql-dev/messages"], namespaceProfile: "small" });
  await onboard(cloud, { namespace: "team-a", databases: ["sql-dev/messages"], namespaceProfile: "tiny" });

  expect(await findDropped(cloud.ports)).toEqual([{ what: "profile tiny", namespaces: ["aks-dev/team-a"], count: 1 }]);
});

it("names ten namespaces and counts the rest", async () => {
  const cloud = createFakeCloud();
  for (let index = 10; index < 22; index += 1) {
    await onboard(cloud, { namespace: `team-${index}`, databases: ["sql-dev/old"] });
  }

  const [found] = await findDropped(cloud.ports);

  expect(found && describeDropped(found)).toMatch(
    /^The catalog no longer has database sql-dev\/old, which aks-dev\/team-10, .*, aks-dev\/team-19 and 2 more use\.$/,
  );
});
