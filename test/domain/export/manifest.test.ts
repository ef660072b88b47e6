import { expect, it } from "vitest";
import { parse } from "yaml";
import { manifestFragment } from "../../../src/domain/export/manifest.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const database = { server: "sql-dev", database: "messages", roles: ["reader"] };
const request = (fields: object) => OnboardingRequest.parse({ ...namespaceRef, ...fields });

it("gives a pod the account and the ConfigMap", () => {
  expect(parse(manifestFragment(request({ databases: [database] })))).toEqual({
    metadata: { namespace: "team-a" },
    spec: {
      template: {
        metadata: { labels: { "azure.workload.identity/use": "true" } },
        spec: {
          serviceAccountName: "app",
          containers: [{ name: "app", envFrom: [{ configMapRef: { name: "mooring-databases" } }] }],
        },
      },
    },
  });
});

it("says where targets are told, if there are any, and is the same fragment", () => {
  const databases = [database];
  const without = manifestFragment(request({ databases }));
  const withTargets = manifestFragment(request({ databases, targets: [{ target: "uploads", access: ["read"] }] }));

  expect(without).not.toContain("TARGETS");
  expect(withTargets).toMatch(/^# mooring-databases has TARGETS, .*docs\/targets\.md\n/);
  expect(parse(withTargets)).toEqual(parse(without));
});
