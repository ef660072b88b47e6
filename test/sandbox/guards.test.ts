/** What stands between a request and harm, on the whole system: over HTTP, the real SDKs and the simulated services. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { names } from "../../local/cloud.ts";
import { type Sandbox, startSandbox } from "../../local/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: Sandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox();
  service = serviceOf(sandbox);
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(() => sandbox?.close());

function request(namespace: string, changes: object = {}) {
  return {
    cluster: names.cluster,
    namespace,
    databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    ...changes,
  };
}

it("stops before the first write when the kubelet lacks a role, and gives the command that helps", async () => {
  const { roleAssignments, identities } = sandbox.cloud.world;
  const [first] = roleAssignments.values();
  if (!first) throw new Error("the kubelet of the sandbox has no roles");
  roleAssignments.delete(first.name);
  const wanted = request("kubelet", { identityMode: "podIdentity" });

  const plan = await service.call("POST", "/api/onboardings?dryRun=true", wanted);
  const { status, error } = await service.waitFor(await service.onboard(wanted));

  const command = `az role assignment create --assignee-object-id ${first.principalId}`;
  expect(plan.body).toMatchObject({
    blocked: true,
    steps: expect.arrayContaining([
      expect.objectContaining({
        name: "preflight",
        blockers: [expect.objectContaining({ code: "KUBELET_ROLE_MISSING", fix: expect.stringContaining(command) })],
      }),
    ]),
  });
  expect({ status, error }).toMatchObject({ status: "Failed", error: { code: "KUBELET_ROLE_MISSING" } });
  expect(error?.message).toContain(command);
  expect([...identities.keys()].filter((id) => id.includes("kubelet"))).toEqual([]);

  roleAssignments.set(first.name, first);
  const again = await service.waitFor(await service.onboard(wanted));
  expect(again.status, JSON.stringify(again.error)).toBe("Succeeded");
  expect(again.steps[0]).not.toHaveProperty("notices");
});
