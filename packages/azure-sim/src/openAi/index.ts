/**
 * The models of one Azure OpenAI resource over HTTPS, as far as proofs and clients need them (learn.microsoft.com "Azure OpenAI in Azure
 * AI Foundry Models REST API reference": Chat completions, Embeddings, Models; "Role-based access control for Azure OpenAI"). No model
 * runs: a chat answers the last message of its user, and an embedding is made of a hash, so the same input has the same answer.
 */
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { checkCaller, mayDo } from "../dataRights.ts";
import { type ErrorEffect, type Exchange, type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import { readJson } from "../readJson.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";

export const cognitiveAudience = "https://cognitiveservices.azure.com";

/** Every resource has these, by name, each with its model. */
const deployments: Readonly<Record<string, { readonly model: string; readonly does: "chat" | "embeddings" }>> = {
  chat: { model: "sandbox-chat", does: "chat" },
  embeddings: { model: "sandbox-embedding", does: "embeddings" },
};

export interface OpenAiSimulator extends Simulator {
  /** Of the resource. */
  readonly id: string;
  /** Without a slash at its end, as a catalog has it. */
  readonly endpoint: string;
}

const Text = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).nullish();
const Chat = z.object({
  messages: z.array(z.looseObject({ role: z.string(), content: Text })).min(1),
  stream: z.boolean().nullish(),
});
const Embedding = z.object({
  input: z.union([z.string(), z.array(z.string()).min(1)]),
  dimensions: z.int().min(1).max(3_072).optional(),
  encoding_format: z.enum(["float", "base64"]).optional(),
});

/** Actions on data, without the provider before them. */
const actions = {
  chat: "deployments/chat/completions/action",
  embeddings: "deployments/embeddings/action",
  models: "models/read",
} as const;

type Asked =
  | { readonly what: "models" }
  | { readonly what: "chat" | "embeddings"; readonly deployment: string | undefined };

export async function startOpenAi(
  { world, faults, tls }: SimulatorContext,
  { id }: { readonly id: string },
): Promise<OpenAiSimulator> {
  const server = await startHttpServer({ tls, faults, open });
  const endpoint = `https://localhost:${server.port}`;
  const account = id.split("/").at(-1) ?? "";

  function open(request: HttpRequest): Exchange {
    const { method, url } = request;
    const path = url.pathname.split("/").filter(Boolean).slice(1).join("/");
    return {
      call: { wire: "openAi", operation: `${method} ${path}`, target: account },
      run: () => run(request),
      fail: scripted,
    };
  }

  async function run({ method, url, headers, body }: HttpRequest): Promise<HttpReply> {
    const check = await checkCaller(world, headers.authorization, [cognitiveAudience]);
    if (check.outcome !== "caller") {
      const known =
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.";
      return failed(401, "401", check.outcome === "anonymous" ? known : `${known} ${check.why}`);
    }
    const sent = readJson(body);
    const asked = readPath(method, url, sent);
    if (!asked) return failed(404, "404", "Resource not found");
    const { what } = asked;
    if (!mayDo(world, check.caller, { action: actions[what], scope: id })) {
      const lacking = `Microsoft.CognitiveServices/accounts/OpenAI/${actions[what]}`;
      const message = `The principal \`${check.caller.principalId}\` lacks the required data action \`${lacking}\` to perform \`${method} ${url.pathname}\` operation.`;
      return failed(401, "PermissionDenied", message);
    }
    if (what === "models") return listModels();
    const deployment = deployments[asked.deployment ?? ""];
    if (!deployment) {
      const message =
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.";
      return failed(404, "DeploymentNotFound", message);
    }
    if (deployment.does !== what)
      return failed(
        400,
        "OperationNotSupported",
        `The ${what} operation does not work with the specified model, ${deployment.model}.`,
      );
    return what === "chat" ? answerChat(deployment.model, sent, world.now()) : embed(deployment.model, sent);
  }

  return { ...server, id, endpoint };
}

/** `/openai/deployments/<name>/chat/completions?api-version=…`, and `/openai/v1/chat/completions`, which has the name in its body. */
function readPath(method: string, { pathname, searchParams }: URL, body: unknown): Asked | undefined {
  const [, named, path] = /^\/openai\/(?:deployments\/([^/]+)\/|v1\/)?([a-z/]+)$/.exec(pathname) ?? [];
  const isNewest = pathname.startsWith("/openai/v1/");
  if (!isNewest && !searchParams.has("api-version")) return undefined;
  if (path === "models") return method === "GET" ? { what: "models" } : undefined;
  const what = path === "chat/completions" ? "chat" : path === "embeddings" ? "embeddings" : undefined;
  if (what === undefined || method !== "POST" || (named === undefined && !isNewest)) return undefined;
  return { what, deployment: named ?? z.object({ model: z.string() }).safeParse(body).data?.model };
}

function listModels(): HttpReply {
  const data = Object.values(deployments).map(({ model, does }) => ({
    ...{ object: "model", id: model, status: "succeeded", lifecycle_status: "generally-available" },
    capabilities: { inference: true, chat_completion: does === "chat", embeddings: does === "embeddings" },
  }));
  return { status: 200, body: { object: "list", data } };
}

function answerChat(model: string, body: unknown, now: Date): HttpReply {
  const read = Chat.safeParse(body);
  if (!read.success) return invalid("messages");
  if (read.data.stream) return failed(400, "OperationNotSupported", "This simulator does not stream.");
  const asked = read.data.messages.findLast(({ role }) => role === "user");
  const content = textOf(asked?.content);
  const prompt_tokens = countTokens(read.data.messages.map((each) => textOf(each.content)).join(" "));
  const completion_tokens = countTokens(content);
  const message = { role: "assistant", content, refusal: null };
  return {
    status: 200,
    body: {
      ...{
        id: `chatcmpl-${randomUUID()}`,
        object: "chat.completion",
        created: Math.floor(now.getTime() / 1000),
        model,
      },
      choices: [{ index: 0, finish_reason: "stop", logprobs: null, message }],
      usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    },
  };
}

function textOf(content: z.infer<typeof Text>): string {
  if (typeof content === "string") return content;
  return (content ?? []).map(({ text = "" }) => text).join("");
}

/** Roughly: no tokenizer is here. */
function countTokens(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

function embed(model: string, body: unknown): HttpReply {
  const read = Embedding.safeParse(body);
  if (!read.success) return invalid("input");
  const { input, dimensions = 256, encoding_format = "float" } = read.data;
  const inputs = [input].flat();
  const data = inputs.map((text, index) => {
    const vector = vectorOf(text, dimensions);
    const embedding = encoding_format === "float" ? [...vector] : Buffer.from(vector.buffer).toString("base64");
    return { object: "embedding", index, embedding };
  });
  const prompt_tokens = countTokens(inputs.join(" "));
  return { status: 200, body: { object: "list", model, data, usage: { prompt_tokens, total_tokens: prompt_tokens } } };
}

/** Of length one, as a model's. */
function vectorOf(text: string, dimensions: number): Float32Array {
  const numbers = Array.from({ length: dimensions }, (_, index) => {
    const digest = createHash("sha256").update(`${index} ${text}`).digest();
    return digest.readUInt32BE(0) / 2 ** 31 - 1;
  });
  const length = Math.hypot(...numbers);
  return Float32Array.from(numbers, (each) => each / length);
}

function invalid(name: string): HttpReply {
  const message = `'${name}' is missing, or not what this simulator reads.`;
  return { status: 400, body: { error: { message, type: "invalid_request_error", param: name, code: null } } };
}

function failed(status: number, code: string, message: string): HttpReply {
  return { status, body: { error: { code, message } } };
}

function scripted({ code, status, message = "scripted fault" }: ErrorEffect): HttpReply {
  return failed(status ?? (typeof code === "number" ? code : 500), String(code), message);
}
