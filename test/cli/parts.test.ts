/** More requests than a batch may have: sent as several, which are one to the user. */
import { expect, it } from "vitest";
import { Refused, UsageError } from "../../cli/failures.ts";
import { together } from "../../cli/output/batch.ts";
import { planBatch, startBatch } from "../../cli/requests/change.ts";
import { mostOfBatch, split } from "../../cli/requests/parts.ts";
import type { Call } from "../../cli/service/client.ts";
import type { Session } from "../../cli/session.ts";
import type { BatchDocument } from "../../src/domain/documents/batch.ts";
import { maxBatchBytes, mostRequests } from "../../src/domain/operation/batch.ts";

const requestFor = (index: number, more: object = {}) => ({ cluster: "aks", namespace: `team-${index}`, ...more });
const many = Array.from({ length: 2_500 }, (_, index) => requestFor(index));
const written = many.map((request, index) => ({ request, where: `teams.yaml, document ${index + 1}` }));
const asked = { requests: many, written, ifMatch: undefined };
const agreed = { isConfirmed: true };

function service({ wrong }: { readonly wrong?: number } = {}) {
  const calls: string[] = [];
  const sizes: number[] = [];
  const said: string[] = [];
  const sizeOf = ({ body }: Call) => (body as { requests: object[] }).requests.length;
  const client = {
    async text(call: Call) {
      calls.push(`check ${sizeOf(call)}`);
      if (calls.length !== wrong) return "";
      const errors = [{ pointer: "/requests/3/cluster", detail: "is unknown" }];
      throw new Refused({ status: 422, code: "INVALID_REQUEST", detail: "wrong", fix: "", errors });
    },
    async json(call: Call) {
      calls.push(`send ${sizeOf(call)}`);
      sizes.push(sizeOf(call));
      return { id: `batch-${sizes.length}`, kind: "batch", isNew: true };
    },
    async plan(call: Call) {
      calls.push(`plan ${sizeOf(call)}`);
      const items = (call.body as { requests: object[] }).requests.map((request, index) => ({
        ...request,
        index,
        status: "ready",
      }));
      return { totals: {}, items, etag: '"1"' };
    },
  };
  const printed: unknown[] = [];
  const session = {
    client,
    say: (text: string) => void said.push(text),
    print: async ({ document }: { document: unknown }) => void printed.push(document),
  } as object as Session;
  return { session, calls, said, printed };
}

it("splits where a batch would have too many requests or bytes, and knows the service's limits", () => {
  const large = Array.from({ length: 30 }, (_, index) => requestFor(index, { note: "é".repeat(50_000) }));

  expect(mostOfBatch).toEqual({ requests: mostRequests, bytes: maxBatchBytes });
  expect(split(asked).map(({ requests }) => requests.length)).toEqual([1_000, 1_000, 500]);
  for (const requests of [many, large]) {
    const parts = split({ requests, written: [] });
    expect(parts.flatMap((part) => part.requests)).toEqual(requests);
    for (const part of parts)
      expect(Buffer.byteLength(JSON.stringify({ requests: part.requests }))).toBeLessThanOrEqual(maxBatchBytes);
  }
  expect(split({ requests: large, written: [] }).map(({ requests }) => requests.length)).toEqual([10, 10, 10]);
});

it("has every part checked before it sends the first", async () => {
  const { session, calls, said, printed } = service();

  expect(await startBatch(session, asked, agreed)).toBe(0);

  expect(calls).toEqual(["check 1000", "check 1000", "check 500", "send 1000", "send 1000", "send 500"]);
  expect(printed).toMatchObject([{ value: [{ id: "batch-1" }, { id: "batch-2" }, { id: "batch-3" }] }]);
  expect(said).toContain("To follow them: mooring watch");
});

it("sends none if one request is wrong, and says where that is written", async () => {
  const { session, calls } = service({ wrong: 2 });

  await expect(startBatch(session, asked, agreed)).rejects.toMatchObject({
    problem: { errors: [{ pointer: "teams.yaml, document 1004: /cluster", detail: "is unknown" }] },
  });
  expect(calls).toEqual(["check 1000", "check 1000"]);
});

it("refuses a namespace that two parts name, and a version of one plan for several", async () => {
  const { session, calls } = service();
  const twice = [...written, { request: requestFor(1), where: "teams.yaml, document 2501" }];
  const requests = twice.map(({ request }) => request);

  await expect(startBatch(session, { requests, written: twice, ifMatch: undefined }, agreed)).rejects.toThrow(
    "aks/team-1 is in teams.yaml, document 2 and again in teams.yaml, document 2501",
  );
  await expect(startBatch(session, { ...asked, ifMatch: '"1"' }, agreed)).rejects.toThrow(UsageError);
  expect(calls).toEqual([]);
});

it("plans them as one", async () => {
  const { session, printed } = service();

  await planBatch(session, asked);

  expect(printed).toMatchObject([{ totals: { requests: 2_500, ready: 2_500 } }]);
  const [{ items }] = printed as [{ items: { index: number; namespace: string }[] }];
  expect(items[2_100]).toMatchObject({ index: 2_100, namespace: "team-2100" });
});

it("shows batches together: what is still running first, then the worst", () => {
  const none = { notStarted: 0, running: 0, succeeded: 0, unchanged: 0, failed: 0, canceled: 0 };
  const batch = (id: string, status: BatchDocument["status"], totals: object): BatchDocument =>
    ({
      id,
      kind: "batch",
      status,
      requests: 2,
      items: [{ index: 0 }, { index: 1 }],
      totals: { requests: 2, ...none, ...totals },
    }) as object as BatchDocument;
  const failed = batch("a", "Failed", { succeeded: 1, failed: 1 });
  const done = batch("b", "Succeeded", { succeeded: 2 });
  const open = batch("c", "Running", { running: 1, succeeded: 1 });

  expect(together([failed, open, done])).toMatchObject({
    status: "Running",
    requests: 6,
    totals: { requests: 6, succeeded: 4, failed: 1, running: 1 },
    items: [0, 1, 2, 3, 4, 5].map((index) => ({ index })),
  });
  expect(together([done, failed])).toMatchObject({ status: "Failed" });
  expect(together([done])).toBe(done);
});
