import { expect, it } from "vitest";
import { renderOperation } from "../../sandbox/demo/operationView.ts";
import type { OperationDocument } from "../../src/domain/documents/operation.ts";

const target = "mooring-production-west-europe-a-team-with-a-long-name-71b85471";
const operation = {
  kind: "onboard",
  status: "Running",
  phase: "provisioning",
  cluster: "production-west-europe",
  namespace: "a-team-with-a-long-name",
  steps: [
    { name: "preflight", target: "sql-dev", status: "Succeeded", attempts: 1 },
    { name: "ensureIdentity", target, action: "create", status: "Succeeded", attempts: 1 },
    { name: "grantDatabase", target: "sql-dev/messages", status: "NotStarted", attempts: 0 },
  ],
} as object as OperationDocument;

it.each([60, 80, 100])("never cuts the name of a target, at %s columns", (width) => {
  const view = { width, isWide: false, paint: (_style: unknown, text: string) => text, now: new Date() };

  const lines = renderOperation(operation, view);

  expect(lines.find((line) => line.includes("set up identity"))).toContain(target);
  expect(lines.slice(1)).toHaveLength(4);
  // The action and the time line up with those of the other steps.
  const [, , , below = ""] = lines;
  expect(below.trimStart()).toMatch(/^create/);
  const short = renderOperation({ ...operation, steps: [{ ...operation.steps[1], target: "short" }] } as never, view);
  expect(below.indexOf("create")).toBe(short[1]?.indexOf("create"));
});
