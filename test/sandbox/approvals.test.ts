/** The operations that wait for approval, access and refusals, as each person sees them over HTTP and in a terminal. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { runHere } from "../cli/support/program.ts";
import { type Person, serviceAs, type Team } from "../support/people.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { request } from "./support/routes.ts";

let sandbox: SuiteSandbox;
/** Has every role. */
let operator: Service;
/** Has Onboarding.Approve and is in no team. */
let approver: Service;
let keys: { readonly operator: string; readonly approver: string };

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog wants approvals",
    callers: "keys",
    approval: { databases: [`${names.sqlServer}/orders`], timeoutMinutes: 60 },
  });
  keys = { operator: sandbox.cloud.callers?.key ?? "", approver: sandbox.cloud.callers?.approverKey ?? "" };
  operator = serviceOf(sandbox, { "x-mooring-key": keys.operator });
  approver = serviceOf(sandbox, { "x-mooring-key": keys.approver });
});
afterAll(() => sandbox?.close());

const as = ({ team, role = "approve" }: Person) => serviceAs(sandbox, { ...(team ? { team } : {}), role });

const asMember = (team: Team) => as({ team, role: "request" });

const orders = (...roles: string[]) => ({ server: names.sqlServer, database: "orders", roles });

interface Listed {
  readonly id: string;
  readonly namespace: string;
  readonly phase?: string;
  readonly approval: { readonly requestHash: string };
}

async function list(service: Service, path: string): Promise<readonly Listed[]> {
  const { status, body } = await service.call("GET", path);
  if (status !== 200) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  return body["value"] as Listed[];
}
const waitFor = async (service: Service) => (await list(service, "/api/approvals")).map(({ namespace }) => namespace);
const waiting = async (service: Service) =>
  (await list(service, "/api/operations?phase=awaitingApproval")).map(({ namespace }) => namespace);

async function mooring(key: string, ...args: string[]) {
  return await runHere(args, { env: { MOORING_SERVER: sandbox.url, MOORING_KEY: key } });
}

async function untilItWaits(service: Service, id: string): Promise<void> {
  await expect.poll(async () => (await service.operation(id)).phase).toBe("awaitingApproval");
}

/** As the approver, once it waits. */
async function agreeTo(id: string): Promise<void> {
  await expect.poll(async () => (await list(approver, "/api/approvals")).map((each) => each.id)).toContain(id);
  const asked = (await list(approver, "/api/approvals")).find((each) => each.id === id);
  const agreed = { requestHash: asked?.approval.requestHash };
  expect(await approver.call("POST", `/api/operations/${id}/approve`, agreed)).toMatchObject({ status: 202 });
}

it("shows each caller what they can approve and what would change, until they have or approval is no longer possible", async () => {
  const before = request("grows");
  await operator.waitFor(await operator.onboard(before));
  const grown = { ...before, databases: [...before.databases, orders("reader")] };
  const change = await operator.onboard(grown);
  await untilItWaits(operator, change);

  const [mine] = await list(approver, "/api/approvals");

  expect(mine).toMatchObject({
    id: change,
    kind: "change",
    namespace: "grows",
    requestedBy: expect.stringContaining("operator"),
    phase: "awaitingApproval",
    request: grown,
    replaces: before,
    approval: {
      reasons: [`Database ${names.sqlServer}/orders needs approval.`],
      approvers: [{ role: "Onboarding.Approve" }],
      requestedTime: expect.any(String),
      expiresTime: expect.any(String),
    },
  });
  // The same document as at the operation's own address, which has the plan, too.
  expect((await approver.call("GET", `/api/operations/${change}`)).body).toMatchObject({
    ...mine,
    plan: expect.arrayContaining([
      {
        name: "grantDatabase",
        target: `${names.sqlServer}/orders`,
        action: "create",
        differences: expect.arrayContaining([{ field: "mooring_reader", current: null, desired: "granted" }]),
      },
    ]),
  });
  expect(await waitFor(operator)).toEqual([]);
  expect(await waiting(operator)).toEqual(["grows"]);
  expect(await waiting(approver)).toEqual([]);

  await operator.call("POST", `/api/operations/${change}/cancel`);

  expect([await waitFor(approver), await waiting(operator)]).toEqual([[], []]);
  await operator.waitFor(change);
});

it("counts the approvers of a request from the queue, and asks none of them twice", async () => {
  const wanted = request("from-queue", { databases: [orders("reader")] });
  sandbox.cloud.serviceBus.queue(names.queue).send({ body: wanted });
  await expect.poll(() => waitFor(approver)).toEqual(["from-queue"]);
  const [asked] = await list(operator, "/api/approvals");
  const id = asked?.id ?? "";
  expect(asked).toMatchObject({ requestedBy: "queue", approval: { needed: 2 } });
  const agreed = { requestHash: asked?.approval.requestHash };

  expect(await approver.call("POST", `/api/operations/${id}/approve`, agreed)).toMatchObject({ status: 202 });

  expect(await waitFor(approver)).toEqual([]);
  expect(await list(operator, "/api/approvals")).toMatchObject([
    { id, approval: { given: [{ by: expect.stringContaining("approver") }] } },
  ]);
  await untilItWaits(operator, id);
  expect((await mooring(keys.operator, "approvals")).stdout).toMatch(/from-queue +onboard \+orders .* 1 of 2$/m);

  expect(await operator.call("POST", `/api/operations/${id}/approve`, agreed)).toMatchObject({ status: 202 });

  expect([await waitFor(operator), await waiting(operator)]).toEqual([[], []]);
  expect(await operator.waitFor(id)).toMatchObject({ status: "Succeeded" });
});

it("pages and filters like every list of operations", async () => {
  const wanted = ["page-1", "page-2", "page-3"];
  for (const name of wanted) {
    await untilItWaits(operator, await operator.onboard(request(name, { databases: [orders("reader")] })));
  }
  for (const path of ["/api/approvals?top=2", "/api/operations?phase=awaitingApproval&top=2"]) {
    const service = path.startsWith("/api/approvals") ? approver : operator;
    const { body } = await service.call("GET", path);
    const first = body["value"] as Listed[];
    const rest = await list(service, String(body["nextLink"]));

    expect([...first, ...rest].map(({ namespace }) => namespace)).toEqual(wanted.toReversed());
  }
  const of = async (query: string) =>
    (await list(operator, `/api/operations?phase=awaitingApproval&${query}`)).map(({ namespace }) => namespace);
  expect(await of("namespace=page-2")).toEqual(["page-2"]);
  expect(await of("cluster=another")).toEqual([]);
  expect(await of("status=Succeeded")).toEqual([]);
  expect((await list(operator, "/api/operations?namespace=page-2"))[0]?.phase).toBe("awaitingApproval");
  expect(await operator.call("GET", "/api/operations?phase=provisioning")).toMatchObject({
    status: 422,
    body: { detail: expect.stringContaining("it must be awaitingApproval") },
  });
});

it("shows the same in a terminal", async () => {
  const red = request("red-terminal", { databases: [orders("reader")] });
  const id = await operator.onboard(red);
  await untilItWaits(operator, id);

  const [table, wide, json, listed, all, none, refused] = await Promise.all([
    mooring(keys.approver, "approvals"),
    mooring(keys.approver, "approvals", "-o", "wide"),
    mooring(keys.approver, "approvals", "-o", "json", "--limit", "1"),
    mooring(keys.operator, "list", "operations", "--phase", "awaitingApproval", "-o", "name"),
    mooring(keys.operator, "list", "operations"),
    mooring(keys.operator, "approvals"),
    mooring(keys.operator, "list", "--phase", "awaitingApproval"),
  ]);

  expect(table.code).toBe(0);
  expect(table.stdout).toMatch(/^ID +NAMESPACE +CHANGES +WAITS +LEFT +GIVEN\n/);
  expect(table.stdout).toMatch(
    new RegExp(`${id} +${names.cluster}/red-terminal +onboard \\+orders +\\d+s +\\d+m +0 of 1\n`),
  );
  expect(JSON.parse(json.stdout)).toMatchObject({ value: [{ id, request: red, approval: { reminders: 0 } }] });
  expect(listed.stdout.split("\n")).toContain(id);
  expect(wide.stdout).toMatch(/anyone with Onboarding\.Approve .* Database \S+orders needs approval\./);
  expect(all.stdout).toMatch(/^ID +KIND +STATUS +PHASE +AGE/);
  expect(all.stdout).toMatch(new RegExp(`${id} +onboard +Running +awaitingApproval`));
  expect(none).toMatchObject({ code: 0, stdout: "Nothing waits for your approval.\n" });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("mooring list operations") });
});

it("shows who reaches a database since then, and by whose request and approval", async () => {
  const red = await asMember("red");
  const id = await red.onboard(request("red-reaches", { databases: [orders("reader")] }));
  await agreeTo(id);
  const ended = await red.waitFor(id);
  expect(ended.status).toBe("Succeeded");
  const access = {
    ...{ cluster: names.cluster, namespace: "red-reaches", team: "red", state: "inForce" },
    ...{ kind: "database", target: `${names.sqlServer}/orders`, access: ["reader"] },
    ...{ operation: id, approvedBy: [expect.stringContaining("approver")], others: [] },
  };
  const of = async (service: Service, query: string) =>
    (await list(service, `/api/access?${query}`)).filter(({ namespace }) => namespace === "red-reaches");

  for (const query of [
    `target=${names.sqlServer}/orders`,
    `target=${names.sqlServer}`,
    "team=red",
    "namespace=red-reaches",
  ])
    expect(await of(operator, query), query).toMatchObject([access]);
  expect(await of(await as({ team: "blue" }), "")).toEqual([]);

  // Another database later: what stays as it was keeps its time.
  const widened = request("red-reaches", { databases: [orders("reader"), request("x").databases[0]] });
  const change = await red.onboard(widened);
  await agreeTo(change);
  expect((await red.waitFor(change)).status).toBe("Succeeded");

  expect(await of(operator, "namespace=red-reaches")).toMatchObject([
    access,
    { target: `${names.sqlServer}/messages`, operation: change },
  ]);
  const shown = await mooring(keys.operator, "access", "--target", `${names.sqlServer}/orders`);
  expect(shown.stdout).toMatch(/^NAMESPACE +TARGET +ACCESS +STATE +SINCE +BY +APPROVED BY\n/);
  expect(shown.stdout).toMatch(
    new RegExp(`${names.cluster}/red-reaches +\\S+/orders +reader +in force +\\d+s +.*approver`),
  );

  // A name that nobody can mean is no all-clear, and names what the caller may not see alike.
  const misspelt = await mooring(keys.operator, "access", "--target", `${names.sqlServer}/order`);
  expect(misspelt).toMatchObject({ code: 1, stdout: "" });
  expect(misspelt.stderr).toContain(`Did you mean ${names.sqlServer}/orders?`);
  for (const words of [
    ["access", "--target", "nothing"],
    ["access", "--team", "nobody"],
    ["list", "--team", "nobody"],
  ])
    expect(await mooring(keys.operator, ...words), words.join(" ")).toMatchObject({
      ...{ code: 1, stdout: "", stderr: expect.stringContaining("that you may see") },
    });
  expect(await mooring(keys.approver, "access")).toMatchObject({
    ...{ code: 0, stdout: "No namespace that you may see reaches anything.\n" },
  });
});

it("reads who else reaches a database now, and tells a team only of its own", async () => {
  const target = `${names.sqlServer}/messages`;
  const red = await asMember("red");
  await red.waitFor(await red.onboard(request("red-else")));
  const own = identityName({ cluster: names.cluster, namespace: "red-else" });
  await sandbox.cloud.sql
    .database("messages")
    .runScript(
      `CREATE USER ann WITHOUT LOGIN; ALTER ROLE db_datareader ADD MEMBER ann; GRANT DELETE TO ann; ALTER ROLE db_datareader ADD MEMBER [${own}]`,
    );

  const path = `/api/access/others?target=${target}`;
  const { body } = await operator.call("GET", path);
  const { body: seen } = await red.call("GET", path);
  const [told, first, wrong, alone, narrowed] = await Promise.all([
    mooring(keys.operator, "access", "--target", target, "--others"),
    operator.call("GET", `${path}&top=1`),
    mooring(keys.operator, "access", "--target", names.sqlServer, "--others"),
    mooring(keys.operator, "access", "--others"),
    mooring(keys.operator, "access", "--target", target, "--others", "--team", "red"),
  ]);
  const next = await operator.call("GET", String(first.body["nextLink"]));

  const ann = { name: "ann", type: "SQL_USER", isMooring: false };
  const mine = {
    ...{ name: own, type: "EXTERNAL_USER", cluster: names.cluster, namespace: "red-else" },
    rights: [{ right: "db_datareader", by: "others" }],
  };
  const rights = ["db_datareader", "DELETE"].map((right) => ({ right, by: "others" }));
  expect(body).toMatchObject({ target, kind: "database", unnamed: 0 });
  expect(body["value"]).toEqual(expect.arrayContaining([{ ...ann, rights }, expect.objectContaining(mine)]));
  expect(seen).toMatchObject({ value: [mine], unnamed: (body["value"] as unknown[]).length - 1 });
  expect([first.body["value"], next.body["value"]].flat()).toEqual((body["value"] as unknown[]).slice(0, 2));
  expect(told).toMatchObject({ code: 0, stdout: expect.stringMatching(/^NAME +TYPE +RIGHTS +WHOSE\n/) });
  expect(told.stdout).toMatch(/ann +SQL_USER +db_datareader, DELETE\n/);
  expect(told.stdout).toMatch(new RegExp(`${own} +EXTERNAL_USER +db_datareader +${names.cluster}/red-else\n`));
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("UNKNOWN_TARGET") });
  expect([alone.code, narrowed.code]).toEqual([2, 2]);

  sandbox.cloud.faults.add({ wire: "sql", times: Number.POSITIVE_INFINITY, effect: { kind: "error", code: 40613 } });
  const unread = await mooring(keys.operator, "access", "--target", target, "--others");
  sandbox.cloud.faults.clear();
  expect(unread).toMatchObject({ code: 1, stdout: expect.stringContaining(`${target} cannot be read`) });
  expect(unread.stdout).toMatch(/error +SQL_UNAVAILABLE: .*\n +fix /);
});

/** Policy refusals in the audit trail: each once, visible to the right callers, and none of unauthenticated ones. */
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
  const [red, blue] = [await asMember("red"), await asMember("blue")];
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
  expect((await operator.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
});

it("records an attempt to approve one's own request", async () => {
  const id = await operator.onboard({
    ...request("red-own", { databases: [orders("reader")] }),
    team: "red",
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
  const red = await asMember("red");

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
