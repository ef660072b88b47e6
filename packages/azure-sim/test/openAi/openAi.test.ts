/** Azure OpenAI's wire: whose token it is, what the role allows and from when, and what the simulated deployments answer. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { mintAccessToken } from "../../src/entra/accessTokens.ts";
import { createFaults } from "../../src/faults.ts";
import { cognitiveAudience, type OpenAiSimulator, startOpenAi } from "../../src/openAi/index.ts";
import { createCertificate } from "../../src/tls.ts";
import { assignRole, createWorld, type World } from "../../src/world.ts";
import { askHttps, type Sent } from "../askHttps.ts";

const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/oai-dev";
const caller = { displayName: "app", clientId: randomUUID(), principalId: randomUUID() };
const role = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd";
const version = "api-version=2024-10-21";

let world: World;
let resource: OpenAiSimulator;
const faults = createFaults();

beforeAll(async () => {
  const [created, tls] = await Promise.all([createWorld(), createCertificate()]);
  world = created;
  world.servicePrincipals.set(caller.clientId, caller);
  resource = await startOpenAi({ world, faults, tls }, { id });
});
beforeEach(() => {
  world.roleAssignments.clear();
  world.roleDelayMs = 0;
});
afterAll(() => resource?.close());

function give(createdTime?: Date) {
  assignRole(world, { role, principalId: caller.principalId, scope: id, createdTime });
}

async function ask(method: string, path: string, sent: Sent = {}) {
  const token = await mintAccessToken(world, caller, cognitiveAudience);
  return await askHttps(method, `${resource.endpoint}/openai/${path}`, { token, ...sent });
}

const chat = (...messages: readonly object[]) => ({ body: { messages } });

it("lets in only tokens for Cognitive Services, and whoever has the role once it is in effect", async () => {
  const path = `deployments/chat/chat/completions?${version}`;
  const sent = chat({ role: "user", content: "moored" });
  const other = await mintAccessToken(world, caller, "https://storage.azure.com");
  world.roleDelayMs = 60_000;
  give(world.now());

  for (const token of [undefined, other])
    expect(await ask("POST", path, { ...sent, token })).toMatchObject({
      status: 401,
      body: { error: { code: "401" } },
    });
  expect(await ask("POST", path, sent)).toMatchObject({
    status: 401,
    body: {
      error: {
        code: "PermissionDenied",
        message: expect.stringContaining(
          "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action",
        ),
      },
    },
  });
  expect(await ask("GET", `models?${version}`)).toMatchObject({ status: 401 });
  world.roleDelayMs = 0;
  expect(await ask("POST", path, sent)).toMatchObject({ status: 200 });
  expect(await ask("GET", `models?${version}`)).toMatchObject({
    status: 200,
    body: { data: [{ id: "sandbox-chat" }, { id: "sandbox-embedding" }] },
  });
});

it("answers a chat with the last message of its user, by both forms of the path", async () => {
  give();
  const { body } = chat(
    { role: "system", content: "Be brief." },
    { role: "user", content: [{ type: "text", text: "hi" }] },
  );
  const answer = { status: 200, body: { choices: [{ message: { role: "assistant", content: "hi" } }] } };

  expect(await ask("POST", `deployments/chat/chat/completions?${version}`, { body })).toMatchObject(answer);
  expect(await ask("POST", "v1/chat/completions", { body: { ...body, model: "chat" } })).toMatchObject(answer);
});

it("embeds the same text as the same vector of length one", async () => {
  give();
  const embed = async (body: object) => {
    const answer = await ask("POST", `deployments/embeddings/embeddings?${version}`, { body });
    return (answer.body as { data: { embedding: number[] | string }[] }).data.map(({ embedding }) => embedding);
  };
  const [one, other, again] = (await embed({ input: ["a", "b", "a"], dimensions: 8 })) as number[][];

  expect(again).toEqual(one);
  expect(other).not.toEqual(one);
  expect(Math.hypot(...(one ?? []))).toBeCloseTo(1, 5);
  const [bytes] = await embed({ input: "a", dimensions: 8, encoding_format: "base64" });
  expect(Buffer.from(String(bytes), "base64").readFloatLE(0)).toBe(one?.[0]);
});

it.each([
  ["of a deployment that is not there", `deployments/none/chat/completions?${version}`, 404, "DeploymentNotFound"],
  [
    "of a model that does something else",
    `deployments/embeddings/chat/completions?${version}`,
    400,
    "OperationNotSupported",
  ],
  ["without a version", "deployments/chat/chat/completions", 404, "404"],
  ["of another operation", `deployments/chat/audio/speech?${version}`, 404, "404"],
])("refuses a call %s", async (_, path, status, code) => {
  give();

  expect(await ask("POST", path, chat({ role: "user", content: "hi" }))).toMatchObject({
    status,
    body: { error: { code } },
  });
});

it("refuses what it cannot read, answers scripted faults, and knows its calls", async () => {
  give();
  const path = `deployments/chat/chat/completions?${version}`;
  expect(await ask("POST", path, { body: { messages: [] } })).toMatchObject({
    status: 400,
    body: { error: { type: "invalid_request_error", param: "messages" } },
  });
  faults.add({ wire: "openAi", effect: { kind: "error", code: "429", status: 429 } });

  expect(await ask("POST", path, chat({ role: "user", content: "hi" }))).toMatchObject({ status: 429 });
  expect(faults.journal.at(-1)).toEqual({
    wire: "openAi",
    operation: "POST deployments/chat/chat/completions",
    target: "oai-dev",
  });
});
