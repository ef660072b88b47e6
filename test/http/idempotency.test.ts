/** Two attempts with the same idempotency key at once: the second takes over when the first takes too long, and the first goes on. */
import { HttpRequest } from "@azure/functions";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Refusal } from "../../src/domain/policy/refusal.ts";
import { type Attempt, answerOnce } from "../../src/http/idempotency.ts";
import { json } from "../../src/http/respond.ts";
import type { IdempotencyKeys } from "../../src/ports/idempotencyKeys.ts";
import { requester } from "../support/acceptanceContext.ts";
import { unhindered } from "../support/models/calls.ts";
import { createTables, type Rows } from "../support/models/tables.ts";

let rows: Map<string, Rows>;
let keys: IdempotencyKeys;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  rows = new Map();
  keys = createTables(rows, unhindered).idempotencyKeys;
});

afterEach(() => void vi.useRealTimers());

async function send(work: (attempt: Attempt) => Promise<object>): Promise<unknown> {
  const url = "http://localhost/api/namespaces/aks-dev/team-a/repair";
  const request = new HttpRequest({ url, method: "POST", headers: { "idempotency-key": "key" } });
  const context = {
    warn: (message: string) => {
      throw new Error(message);
    },
  };
  const answer = await answerOnce(keys, { request, by: requester, body: null, context }, async (attempt) =>
    json(200, await work(attempt)),
  );
  return JSON.parse(String(answer.body));
}

const refuse = () => Promise.reject(new Refusal("OPERATION_IN_PROGRESS", "Another operation is running."));
const claimed = () => [...(rows.get("MooringIdempotency") ?? [])].map(([, { record }]) => record);

/** An attempt that has claimed the key so long ago that another may take over, and is still at work. */
async function beginSlowly() {
  const working = Promise.withResolvers<object>();
  const begun = Promise.withResolvers<string>();
  const answered = send(async ({ operation }) => {
    begun.resolve(operation);
    return await working.promise;
  });
  answered.catch(() => undefined);
  const operation = await begun.promise;
  vi.setSystemTime(Date.now() + 61_000);
  return { operation, working, answered };
}

it("keeps the answer of the attempt that took over, even if the first is refused after that", async () => {
  const { working, answered } = await beginSlowly();
  const second = await send(async () => ({ by: "the second" }));
  working.reject(new Refusal("NOT_ONBOARDED", "It was offboarded meanwhile."));
  await expect(answered).rejects.toMatchObject({ code: "NOT_ONBOARDED" });

  expect(await send(refuse)).toEqual(second);
});

it("keeps the answer of the first attempt, even if the one that took over was refused", async () => {
  const { working, answered } = await beginSlowly();
  await expect(send(refuse)).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS" });
  working.resolve({ by: "the first" });
  const first = await answered;

  expect(await send(refuse)).toEqual(first);
});

it("begins nothing else after a refusal while the first attempt is at work", async () => {
  const { operation } = await beginSlowly();
  await expect(send(refuse)).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS" });

  expect(await send(async (attempt) => attempt)).toEqual({ operation, isRepeated: true });
});

it("forgets a key whose only attempt was refused, and keeps no row of one that is gone", async () => {
  await expect(send(refuse)).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS" });
  expect(claimed()).toEqual([]);

  await send(async () => {
    rows.get("MooringIdempotency")?.clear();
    return {};
  });
  expect(claimed()).toEqual([]);
});
