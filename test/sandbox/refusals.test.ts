/** Policy refusals in the audit trail, over the wire: each once, visible to the right callers, and none of unauthenticated ones. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type Person, serviceAs, type Team } from "../support/people.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let operator: Service;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it counts the refusals in the audit trail",
    callers: "keys",
    approval: { roles: ["executor"], timeoutMinutes: 5 },
  });
  operator = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

const as = (team: Team, { role = "request" }: Pick<Person, "role"> = {}) => serviceAs(sandbox, { team, role });

function request(namespace: string, changes: object = {}) {
  return {
    cluster: names.cluster,
    namespace,
    databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    ...changes,
  };
}

interface Entry {
  readonly action: string;
  readonly code?: string;
  readonly who: string;
  readonly what: string;
  readonly target: string;
  readonly reason?: string;
  readonly traceId?: string;
}

async function refusals(service: Service, query = ""): Promise<readonly Entry[]> {
  const { status, body } = await service.call("GET", `/api/audit?top=100${query}`);
  expect(status).toBe(200);
  return (body["value"] as Entry[]).filter(({ action }) => action === "refused");
}

it("records each policy refusal once, with who, what, why and the trace, for those it concerns", async () => {
  const [red, blue] = [await as("red"), await as("blue")];
  const shared = request("shared-refused");
  const { status } = await operator.waitFor(await red.onboard(shared));
  expect(status).toBe("Succeeded");
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traced = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };

  const asked = [
    await red.call("POST", "/api/onboardings", request("blue-a"), traced),
    await red.call("POST", "/api/onboardings", request("blue-a"), traced),
    await blue.call("POST", "/api/onboardings", shared),
    await red.call("POST", "/api/onboardings?takeOver=true", shared),
    await red.call("POST", "/api/onboardings", {
      ...request("red-a"),
      databases: [{ server: names.sqlServer, database: "messages", roles: ["owner"] }],
    }),
    await red.call("GET", "/api/audit/verify"),
  ];

  expect(asked.map((answer) => answer.body["code"])).toEqual([
    "NOT_ALLOWED",
    "NOT_ALLOWED",
    "NAMESPACE_TAKEN",
    "FORBIDDEN",
    "NOT_ALLOWED",
    "FORBIDDEN",
  ]);
  const ofRed = (await refusals(red)).map(({ what, code, target }) => ({ what, code, target })).toReversed();
  expect(ofRed).toEqual([
    { what: "createOnboarding", code: "NOT_ALLOWED", target: "aks-dev/blue-a" },
    { what: "createOnboarding", code: "FORBIDDEN", target: "aks-dev/shared-refused" },
    { what: "createOnboarding", code: "NOT_ALLOWED", target: "aks-dev/red-a" },
    { what: "verifyAudit", code: "FORBIDDEN", target: "" },
  ]);
  expect(await refusals(blue)).toMatchObject([{ code: "NAMESPACE_TAKEN", target: "aks-dev/shared-refused" }]);
  const [first] = await refusals(operator, "&namespace=blue-a");
  expect(first).toMatchObject({ reason: expect.stringContaining("/namespace"), traceId: trace });
  expect(await refusals(operator)).toHaveLength(5);
  expect((await operator.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
});

it("records an attempt to approve one's own request", async () => {
  const id = await operator.onboard({
    ...request("red-own"),
    team: "red",
    databases: [{ server: names.sqlServer, database: "messages", roles: ["executor"] }],
  });
  const waiting = async () => (await operator.operation(id)).phase;
  await expect.poll(waiting).toBe("awaitingApproval");
  const { body } = await operator.call("GET", `/api/operations/${id}`);
  const { requestHash } = body["approval"] as { requestHash: string };

  const answer = await operator.call("POST", `/api/operations/${id}/approve`, { requestHash });

  expect(answer.body["code"]).toBe("APPROVER_IS_REQUESTER");
  expect(await refusals(operator, "&namespace=red-own")).toMatchObject([
    { what: "approveOperation", code: "APPROVER_IS_REQUESTER", operation: id, who: "key:operator" },
  ]);
  await operator.call("POST", `/api/operations/${id}/cancel`);
});

it("records nothing for an unauthenticated caller or a malformed request", async () => {
  const before = (await refusals(operator)).length;
  const nobody = serviceOf({ url: sandbox.url }, {});
  const red = await as("red");

  const answers = [
    await nobody.call("POST", "/api/onboardings", request("blue-a")),
    await serviceOf({ url: sandbox.url }, { authorization: "Bearer x" }).call("GET", "/api/audit/verify"),
    await red.call("POST", "/api/onboardings", "{"),
    await red.call("POST", "/api/onboardings", { nonsense: true }),
    await red.call("GET", "/api/operations/none"),
  ];

  expect(answers.map(({ status }) => status)).toEqual([401, 401, 400, 422, 404]);
  await sleep(100);
  expect(await refusals(operator)).toHaveLength(before);
});
