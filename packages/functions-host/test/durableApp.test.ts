/** The whole host with the real durable-functions package: HTTP starter, orchestration, activity, status, restart. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createDataDirectory, type RunningHost, runHost } from "./support/runningHost.ts";

const code = `
  const df = require("durable-functions");
  app.http("start", {
    route: "start/{name}/{id?}",
    methods: ["POST"],
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
      const client = df.getClient(context);
      const input = await request.json();
      const id = await client.startNew(request.params.name, { instanceId: request.params.id, input });
      return client.createCheckStatusResponse(request, id);
    },
  });
  app.http("peek", {
    route: "peek/{id}",
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => ({ jsonBody: await df.getClient(context).getStatus(request.params.id) }),
  });
  df.app.orchestration("greet", function* (context) {
    const { name } = context.df.getInput();
    return yield context.df.callActivity("hello", name);
  });
  df.app.orchestration("wait", function* (context) {
    const answer = yield context.df.waitForExternalEvent("answer");
    return "got " + answer;
  });
  df.app.activity("hello", { handler: (name) => "Hello " + name });
  df.app.activity("slow", { handler: async () => { await new Promise((r) => setTimeout(r, 300)); return "done"; } });
  df.app.orchestration("slowly", function* (context) { return yield context.df.callActivity("slow"); });
`;

interface Links {
  id: string;
  statusQueryGetUri: string;
  sendEventPostUri: string;
}

async function start(host: RunningHost, path: string, input: unknown): Promise<Links> {
  const response = await fetch(`${host.url}/api/start/${path}`, { method: "POST", body: JSON.stringify(input) });
  expect(response.status).toBe(202);
  return JSON.parse(await response.text());
}

async function finished(host: RunningHost, id: string): Promise<unknown> {
  await expect.poll(async () => (await status(host, id)).runtimeStatus, { interval: 50 }).toMatch(/Completed|Failed/);
  return await status(host, id);
}

const status = async (host: RunningHost, id: string): Promise<{ runtimeStatus: string }> =>
  JSON.parse(await (await fetch(`${host.url}/api/peek/${id}`)).text());

test("an HTTP function starts an orchestration that calls an activity, and its status can be read", async () => {
  const host = await runHost({ code });

  const { id, statusQueryGetUri } = await start(host, "greet", { name: "Anna" });

  expect(await finished(host, id)).toMatchObject({ runtimeStatus: "Completed", output: "Hello Anna" });
  // The link in the answer is for people and tools: it includes the key and works unchanged.
  expect(statusQueryGetUri.startsWith(`${host.url}/runtime/webhooks/durabletask/instances/${id}?`)).toBe(true);
  expect(await (await fetch(statusQueryGetUri)).json()).toMatchObject({ name: "greet", output: "Hello Anna" });
  expect((await fetch(statusQueryGetUri.replace(/code=[^&]*/, "code=wrong"))).status).toBe(401);
});

test("a waiting orchestration continues after the host was closed and started again", async () => {
  const dataDirectory = await createDataDirectory();
  const first = await runHost({ code, dataDirectory });
  const { sendEventPostUri } = await start(first, "wait/one", {});
  await expect.poll(async () => (await status(first, "one")).runtimeStatus).toBe("Running");
  await first.close();

  const second = await runHost({ code, dataDirectory });
  const url = sendEventPostUri.replace(first.url, second.url).replace("{eventName}", "answer");
  const raised = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: '"yes"' });

  expect(raised.status).toBe(202);
  expect(await finished(second, "one")).toMatchObject({ runtimeStatus: "Completed", output: "got yes" });
});

test("the host lets a running activity finish before it closes", async () => {
  const dataDirectory = await createDataDirectory();
  const first = await runHost({ code, dataDirectory });
  await start(first, "slowly/one", {});
  await sleep(100);

  await first.close();

  const second = await runHost({ code, dataDirectory });
  expect(await finished(second, "one")).toMatchObject({ runtimeStatus: "Completed", output: "done" });
});

test("invalid hub settings stop the host with the reason", async () => {
  const hostJson = { extensions: { durableTask: { hubName: "1" } } };

  await expect(runHost({ code, hostJson })).rejects.toThrow(/The durable extension cannot start: .*hubName/s);
});

test("log lines of orchestrators and activities have the id of their instance", async () => {
  const host = await runHost({
    code: `${code}
      df.app.activity("talk", { handler: (_, context) => context.log("from the activity") });
      df.app.orchestration("talking", function* (context) {
        if (!context.df.isReplaying) context.log("from the orchestrator");
        yield context.df.callActivity("talk");
      });`,
  });

  const { id } = await start(host, "talking/one", null);
  await finished(host, id);

  const idsOf = (text: string) =>
    host.lines.filter((line) => line.includes(text)).map((line) => / instanceId=(\S+)/.exec(line)?.[1]);
  expect(idsOf("from the orchestrator")).toEqual(["one"]);
  expect(idsOf("from the activity")).toEqual(["one"]);
});

test("entities stop the host, which names them", async () => {
  const entities = `df.app.entity("box", () => {}); df.app.entity("chest", () => {});`;

  await expect(runHost({ code: code + entities })).rejects.toThrow(
    'Function "box" is an entity, which this host does not serve; start the app with Azure Functions Core Tools;\n' +
      'Function "chest" is',
  );
});
