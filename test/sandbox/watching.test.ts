/** Following what Mooring does: one trace from the caller to the event, live events, audit trail. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../local/cloud.ts";
import { type Sandbox, startSandbox } from "../../local/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: Sandbox;
let service: Service;
const log: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ onLog: (line) => log.push(line) });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

let count = 0;
function request(changes: object = {}) {
  count += 1;
  return {
    cluster: names.cluster,
    namespace: `watched-${count}`,
    databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    ...changes,
  };
}

function eventsOf(id: string) {
  const all = sandbox.cloud.serviceBus.subscription(names.topic, "all").messages();
  return all.filter(({ messageId }) => messageId.startsWith(`${id}/`));
}

const traceId = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

it("carries the caller's trace into the answer, the status, every step's log line and every event", async () => {
  const answer = await service.call("POST", "/api/onboardings", request(), { traceparent });
  const id = String(answer.body["id"]);
  const ended = await service.waitFor(id);

  expect(answer.headers.get("traceparent")).toMatch(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
  expect(ended).toMatchObject({ status: "Succeeded", traceId });
  await expect.poll(() => eventsOf(id).length).toBe(2);
  for (const { body, applicationProperties } of eventsOf(id)) {
    expect(body).toMatchObject({ traceparent: expect.stringContaining(traceId) });
    expect(applicationProperties).toMatchObject({
      traceparent: expect.stringContaining(traceId),
      "Diagnostic-Id": expect.stringContaining(traceId),
    });
  }
  const lines = log.filter((line) => line.includes("step done") && line.includes(id));
  expect(lines).toHaveLength(ended.steps.length);
  expect(lines.filter((line) => !line.includes(`traceId="${traceId}"`))).toEqual([]);
});

it.each(["traceparent", "Diagnostic-Id"])("continues the trace of a queue message's %s", async (property) => {
  const wanted = request();

  sandbox.cloud.serviceBus
    .queue(names.queue)
    .send({ body: wanted, applicationProperties: { [property]: traceparent } });

  const find = async () => {
    const { body } = await service.call("GET", `/api/operations?namespace=${wanted.namespace}`);
    return (body["value"] as { traceId?: string }[])[0]?.traceId;
  };
  await expect.poll(find, { timeout: 20_000 }).toBe(traceId);
});

it("starts a trace when the caller has none, and names it in problems", async () => {
  const answer = await service.call("GET", "/api/operations/none");

  const [, trace] = answer.headers.get("traceparent")?.split("-") ?? [];
  expect(trace).toMatch(/^[0-9a-f]{32}$/);
  expect(answer.body["traceId"]).toBe(trace);
});

it("keeps an audit trail of every effect that shows when it was tampered with", async () => {
  const wanted = request();
  const onboarding = await service.onboard(wanted);
  await service.waitFor(onboarding);
  const offboarding = await service.offboard(names.cluster, wanted.namespace);
  await service.waitFor(offboarding);

  const list = async (query: string) => (await service.call("GET", `/api/audit?${query}`)).body["value"];
  const check = () => service.call("GET", "/api/audit/verify");

  // The end of an operation is entered right after its record, which the status is read from.
  await expect
    .poll(() => list(`operation=${offboarding}&top=1`))
    .toMatchObject([{ action: "ended", outcome: "Succeeded", what: "offboard" }]);
  const all = (await list(`namespace=${wanted.namespace}&cluster=${names.cluster}`)) as {
    what: string;
    action: string;
  }[];
  expect(all.map(({ what, action }) => `${what} ${action}`).toSorted()).toEqual(
    [
      "onboard accepted",
      "ensureIdentity create",
      "applyNamespace create",
      "grantDatabase create",
      "applyServiceAccount create",
      "federateIdentity create",
      "onboard ended",
      "offboard accepted",
      "removeServiceAccount delete",
      "revokeDatabase delete",
      "unfederateIdentity delete",
      "removeIdentity delete",
      "removeNamespace delete",
      "offboard ended",
    ].toSorted(),
  );
  expect((await check()).body).toMatchObject({ valid: true, entries: expect.any(Number) });
});
