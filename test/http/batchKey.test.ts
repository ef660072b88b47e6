/** A batch that is sent with an Idempotency-Key is one batch, even when the first answer was lost. */
import { HttpRequest } from "@azure/functions";
import { beforeEach, expect, it } from "vitest";
import { acceptBatch } from "../../src/application/batch/acceptBatch.ts";
import { TransientError } from "../../src/domain/errors.ts";
import { Refusal } from "../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { answerOnce } from "../../src/http/idempotency.ts";
import { accepted } from "../../src/http/respond.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createAcceptanceContext, requester } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
});

const requests = ["team-a", "team-b"].map((namespace) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  }),
);
const lost = () => Promise.reject(new TransientError("REGISTRY_UNAVAILABLE", "no answer"));

/** As the route does it; returns the id in the answer. */
async function send(changes: (ports: Ports) => Partial<Ports> = () => ({}), body: unknown = requests): Promise<string> {
  const acceptance = createAcceptanceContext({ ports: { ...cloud.ports, ...changes(cloud.ports) } });
  const request = new HttpRequest({
    url: "http://localhost/api/onboardings/batch",
    method: "POST",
    headers: { "idempotency-key": "key" },
  });
  const asked = { request, by: requester, body, context: { warn: () => undefined } };
  const answer = await answerOnce(acceptance.ports.idempotencyKeys, asked, async ({ operation }) =>
    accepted({ id: await acceptBatch(acceptance, requests, operation), kind: "batch", isNew: true }),
  );
  return JSON.parse(String(answer.body)).id;
}

async function claimed() {
  const found = await cloud.ports.idempotencyKeys.find({ caller: requester.id, key: "key" });
  if (!found) throw new Error("nobody has claimed the key");
  return found;
}

it("is the same batch when the first answer could not be stored", async () => {
  const first = await send(({ idempotencyKeys }) => ({ idempotencyKeys: { ...idempotencyKeys, answer: lost } }));
  const minutesAgo = new Date(Date.now() - 120_000).toISOString();
  await cloud.ports.idempotencyKeys.expire(await claimed(), minutesAgo);

  expect(await send()).toBe(first);
  expect([...cloud.batches.keys()]).toEqual([first]);
});

it("is the same batch when it was written but the answer was lost, and can be sent again immediately", async () => {
  const isLost = ({ registry }: Ports) => ({
    registry: {
      ...registry,
      async insertBatch(...given: Parameters<typeof registry.insertBatch>) {
        await registry.insertBatch(...given);
        return await lost();
      },
    },
  });
  await expect(send(isLost)).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });

  const second = await send();

  expect([...cloud.batches.keys()]).toEqual([second]);
  expect(await send()).toBe(second);
});

it("is another batch a day later, and a refused request leaves its key free for a corrected one", async () => {
  const first = await send(({ idempotencyKeys }) => ({ idempotencyKeys: { ...idempotencyKeys, answer: lost } }));
  const daysAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1_000).toISOString();
  await cloud.ports.idempotencyKeys.expire(await claimed(), daysAgo);
  const refused = () => Promise.reject(new Refusal("FORBIDDEN", "no"));
  const another = await send();
  await cloud.ports.idempotencyKeys.release(await claimed());

  expect(another).not.toBe(first);
  await expect(send(({ registry }) => ({ registry: { ...registry, insertBatch: refused } }))).rejects.toThrow("no");
  await expect(send(undefined, "something else")).resolves.toBeTypeOf("string");
});
