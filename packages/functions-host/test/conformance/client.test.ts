/** What the durable client's binding contains, and how the SDK's client reads this host's answers. */
import { HttpRequest } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadApp } from "../../src/load.ts";
import { type DurableHost, startDurableHost } from "../durable/support/durableHost.ts";
import { createMemoryLog } from "../support/memoryLog.ts";

let host: DurableHost;

beforeAll(async () => {
  const app = await loadApp("packages/functions-host/test/conformance/apps/protocol", { log: createMemoryLog().log });
  host = await startDurableHost(app, { settings: { hubName: "Hub" } });
  await host.client.startNew("again", { instanceId: "running" });
  await host.client.startNew("show", { instanceId: "ended", input: { a: 1 } });
  await host.client.startNew("sad", { instanceId: "failed" });
  await Promise.all([host.finished("ended"), host.finished("failed")]);
});

afterAll(() => host.close());

/** `B` stands for the webhook URL, `Q` for the query of a management link. */
const B = "/runtime/webhooks/durabletask";
const Q = "taskHub=Hub&connection=Storage&code=system-key";
const inData = "sdk: durableClient/OrchestrationClientInputData.js; extension: Bindings/BindingHelper.cs";

const fields: readonly (readonly [path: string, value: unknown, source: string])[] = [
  ["taskHubName", "Hub", inData],
  ["connectionName", null, "extension: Bindings/BindingHelper.cs"],
  [
    "creationUrls.createNewInstancePostUri",
    `${B}/orchestrators/{functionName}[/{instanceId}]?code=system-key`,
    "extension: HttpApiHandler.cs, GetInstanceCreationLinks",
  ],
  [
    "creationUrls.createAndWaitOnNewInstancePostUri",
    `${B}/orchestrators/{functionName}[/{instanceId}]?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&code=system-key`,
    "extension: HttpApiHandler.cs, GetInstanceCreationLinks",
  ],
  ["managementUrls.id", "INSTANCEID", "sdk: durableClient/DurableClient.js, getClientResponseLinks"],
  ...(
    [
      ["statusQueryGetUri", `?${Q}`],
      ["sendEventPostUri", `/raiseEvent/{eventName}?${Q}`],
      ["terminatePostUri", `/terminate?reason={text}&${Q}`],
      ["rewindPostUri", `/rewind?reason={text}&${Q}`],
      ["purgeHistoryDeleteUri", `?${Q}`],
      ["restartPostUri", `/restart?${Q}`],
      ["suspendPostUri", `/suspend?reason={text}&${Q}`],
      ["resumePostUri", `/resume?reason={text}&${Q}`],
    ] as const
  ).map(
    ([name, rest]) =>
      [
        `managementUrls.${name}`,
        `${B}/instances/INSTANCEID${rest}`,
        "extension: HttpApiHandler.cs, GetClientResponseLinks",
      ] as const,
  ),
  ["baseUrl", B, "extension: HttpApiHandler.cs, GetBaseUrl"],
  ["requiredQueryStringParameters", "code=system-key", "extension: HttpApiHandler.cs, GetUniversalQueryStrings"],
  [
    "rpcBaseUrl",
    "/durabletask/rpc-key/",
    "sdk: durableClient/DurableClient.js; with a slash at the end, because of new URL",
  ],
];

test.each(fields)("%s is %s (%s)", (path, value) => {
  const payload: unknown = JSON.parse(host.extension.clientPayload());

  const found = path.split(".").reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], payload);

  expect(typeof found === "string" ? found.replace(host.url, "") : found).toEqual(value);
});

interface Behaviour {
  readonly what: string;
  readonly act: (client: DurableClient) => Promise<unknown>;
  readonly result?: unknown;
  /** The message of the error, when the call fails. */
  readonly error?: RegExp;
}

const request = () => new HttpRequest({ url: `${host.url}/api/any`, method: "GET" });

/** The source of every row is the SDK's durableClient/DurableClient.js. */
const behaviours: readonly Behaviour[] = [
  {
    what: "startNew gives the id",
    act: (client) => client.startNew("show", { instanceId: "given" }),
    result: "given",
  },
  {
    what: "startNew under an id that runs rejects with the status and the body",
    act: (client) => client.startNew("show", { instanceId: "running" }),
    error: /unexpected status code: 409\. Details: .*An Orchestration instance with the status Running already exists/,
  },
  {
    what: "startNew under an id that is not allowed",
    act: (client) => client.startNew("show", { instanceId: "x".repeat(257) }),
    error: /unexpected status code: 400\. Details: .*256 characters/,
  },
  {
    what: "getStatus of nobody rejects",
    act: (client) => client.getStatus("nobody"),
    error: /HTTP 404 response/,
  },
  {
    what: "getStatus of what runs",
    act: async (client) => (await client.getStatus("running")).runtimeStatus,
    result: "Running",
  },
  {
    what: "getStatus of what has failed resolves",
    act: async (client) => (await client.getStatus("failed")).output,
    result: "Orchestrator function 'sad' failed: sad",
  },
  {
    what: "getStatus has input and output, with showInput or without",
    act: async (client) => {
      const { input, output } = await client.getStatus("ended", { showInput: false });
      return [input, typeof output];
    },
    // The SDK sends only what is true to the RPC endpoint.
    result: [{ a: 1 }, "object"],
  },
  {
    what: "getStatus shows no history: the extension calls it historyEvents, and the SDK reads history",
    act: async (client) => (await client.getStatus("ended", { showHistory: true })).history ?? "none",
    result: "none",
  },
  {
    what: "raiseEvent to nobody rejects",
    act: (client) => client.raiseEvent("nobody", "go", 1),
    error: /No instance with ID 'nobody' found/,
  },
  {
    what: "raiseEvent to what has ended resolves",
    act: (client) => client.raiseEvent("ended", "go", 1),
    result: undefined,
  },
  {
    what: "raiseEvent without data is an empty body, which the extension refuses",
    act: (client) => client.raiseEvent("running", "other", undefined),
    error: /unexpected status code: 400/,
  },
  ...(["terminate", "suspend", "resume"] as const).flatMap((operation): Behaviour[] => [
    {
      what: `${operation} of what has ended resolves`,
      act: (client) => client[operation]("ended", "x"),
      result: undefined,
    },
    {
      what: `${operation} of nobody rejects`,
      act: (client) => client[operation]("nobody", "x"),
      error: /No instance with ID 'nobody' found/,
    },
  ]),
  {
    what: "purge of nobody deletes none",
    act: (client) => client.purgeInstanceHistory("nobody"),
    result: { instancesDeleted: 0 },
  },
  {
    what: "readEntityState rejects: this host serves none",
    act: async (client) => {
      const { EntityId } = await import("durable-functions");
      return await client.readEntityState(new EntityId("box", "nobody"));
    },
    error: /501\. Details: "This host serves no entities; start the app with Azure Functions Core Tools\."/,
  },
  {
    what: "createCheckStatusResponse: all links, Location and Retry-After",
    act: async (client) => {
      const response = client.createCheckStatusResponse(request(), "ended");
      const body = (await response.json()) as Record<string, string>;
      const headers = ["location", "retry-after", "content-type"].map((name) => response.headers.get(name));
      return [response.status, Object.keys(body), headers.map((text) => text?.replace(host.url, ""))];
    },
    result: [
      202,
      [
        "id",
        "statusQueryGetUri",
        "sendEventPostUri",
        "terminatePostUri",
        "rewindPostUri",
        "purgeHistoryDeleteUri",
        "restartPostUri",
        "suspendPostUri",
        "resumePostUri",
      ],
      [`${B}/instances/ended?${Q}`, "10", "application/json"],
    ],
  },
  {
    what: "createHttpManagementPayload without a request: links to this host",
    act: async (client) => {
      const { statusQueryGetUri } = client.createHttpManagementPayload("ended");
      return (await fetch(statusQueryGetUri)).status;
    },
    result: 200,
  },
];

test.each(behaviours)("$what", async ({ act, result, error }) => {
  const acting = act(host.client);

  if (error !== undefined) await expect(acting).rejects.toThrow(error);
  else expect(await acting).toEqual(result);
});
