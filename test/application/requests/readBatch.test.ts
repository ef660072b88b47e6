import { expect, it } from "vitest";
import { readRequests } from "../../../src/application/requests/readBatch.ts";
import { apiVersion, kind } from "../../../src/domain/request/objectForm.ts";
import { requester as by } from "../../support/acceptanceContext.ts";
import { catalog } from "../../support/fakeCloud.ts";
import { member } from "../../support/teams.ts";

const databases = [{ server: "sql-dev", database: "messages", roles: ["reader"] }];
const body = (...asked: readonly (readonly [cluster: string, namespace: string])[]) => ({
  requests: asked.map(([cluster, namespace]) => ({ cluster, namespace, databases })),
});

it("records where an object names its namespace, so that a later refusal can name the object's fields", () => {
  const spec = { cluster: "aks-dev", databases };
  const head = { apiVersion, kind };
  const sent = [
    { ...spec, namespace: "plain" },
    { ...head, metadata: { name: "named" }, spec },
    { ...head, metadata: { name: "object", namespace: "placed" }, spec },
  ];

  expect(readRequests({ catalog, by }, { requests: sent }).map(({ sentAs }) => sentAs)).toEqual([
    {},
    { namespaceField: "/metadata/name" },
    { namespaceField: "/metadata/namespace" },
  ]);
});

it("refuses a namespace that appears twice, also under two aliases of one cluster", () => {
  const { "aks-dev": dev } = catalog.clusters;
  if (!dev) throw new Error("the catalog has no aks-dev");
  const twoNames = { ...catalog, clusters: { ...catalog.clusters, "aks-old-name": dev } };

  expect(() => readRequests({ catalog, by }, body(["aks-dev", "team-a"], ["aks-dev", "team-a"]))).toThrow(
    "/requests/1/namespace: aks-dev/team-a appears twice: in /requests/0 and in /requests/1",
  );
  expect(() =>
    readRequests({ catalog: twoNames, by }, body(["aks-dev", "team-a"], ["aks-old-name", "team-a"])),
  ).toThrow('aks-old-name/team-a, which "aks-dev" names, too appears twice: in /requests/0 and in /requests/1');
  expect(readRequests({ catalog: twoNames, by }, body(["aks-dev", "team-a"], ["aks-new", "team-a"]))).toHaveLength(2);
  // A caller who may not use the clusters does not learn which names are aliases of one.
  const stranger = { catalog: twoNames, by: member() };
  expect(() => readRequests(stranger, body(["aks-dev", "team-a"], ["aks-old-name", "team-a"]))).toThrow(
    "The batch has 2 problems, and none of it was accepted. The first: /requests/0: You are not in any team.",
  );
});
