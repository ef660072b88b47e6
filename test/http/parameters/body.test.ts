/** A body is read up to its limit, and what follows is never kept. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { readBody, readOptionalBody } from "../../../src/http/parameters/body.ts";

const json = new Headers({ "content-type": "application/json" });

/** A client that sends this many chunks of 64 KiB without announcing a length, and counts how many were read. */
function sending(chunks: number, content = new Uint8Array(64 * 1024).fill(32)) {
  let taken = 0;
  let isCanceled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (taken === chunks) return controller.close();
        taken += 1;
        controller.enqueue(content);
      },
      cancel() {
        isCanceled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { request: { headers: new Headers(json), body }, taken: () => taken, isCanceled: () => isCanceled };
}

it("refuses at the limit, and drains the rest so that the connection is free for the next request", async () => {
  const { request, taken, isCanceled } = sending(20);

  await expect(readBody(request)).rejects.toMatchObject({
    code: "PAYLOAD_TOO_LARGE",
    message: "The body has more than 16384 bytes; the limit is 16384.",
  });
  await expect.poll(taken).toBe(20);
  expect(isCanceled()).toBe(false);
});

it("does not wait for a rest that never arrives", async () => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pulls += 1;
        if (pulls > 1) await new Promise(() => {});
        controller.enqueue(new Uint8Array(64 * 1024));
      },
    },
    { highWaterMark: 0 },
  );

  await expect(readBody({ headers: json, body })).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
});

it("cuts off a client that never stops sending", async () => {
  let isCanceled = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await sleep(5);
      controller.enqueue(new Uint8Array(64 * 1024));
    },
    cancel() {
      isCanceled = true;
    },
  });

  await expect(readBody({ headers: json, body })).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  expect(isCanceled).toBe(false);
  await expect.poll(() => isCanceled, { interval: 100 }).toBe(true);
}, 30_000);

it("reads nothing of a body whose Content-Length exceeds the limit", async () => {
  const { request, taken } = sending(20);
  request.headers.set("content-length", "20000");

  await expect(readBody(request)).rejects.toMatchObject({
    code: "PAYLOAD_TOO_LARGE",
    message: "The body has 20000 bytes; the limit is 16384.",
  });
  expect(taken()).toBe(0);
});

it("refuses a body whose sender disconnects, which is not the service's fault", async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: () => Promise.reject(Object.assign(new Error("aborted"), { code: "ECONNRESET" })),
  });

  await expect(readBody({ headers: json, body })).rejects.toMatchObject({ code: "INCOMPLETE_BODY" });
});

it("reads a body that arrives in pieces, and accepts a missing one only where it is optional", async () => {
  const { request } = sending(3, new TextEncoder().encode(" 1"));

  await expect(readBody({ ...request, body: null })).rejects.toMatchObject({ code: "MALFORMED_JSON" });
  await expect(readOptionalBody({ ...request, body: null })).resolves.toEqual({});
  await expect(readBody(sending(1, new TextEncoder().encode('{"a":1}')).request)).resolves.toEqual({
    a: 1,
  });
  await expect(readBody(request)).rejects.toMatchObject({ code: "MALFORMED_JSON" });
});
