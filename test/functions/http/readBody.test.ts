/** A body is taken up to its limit, and what comes after it is never kept. */
import { expect, it } from "vitest";
import { readBody, readOptionalBody } from "../../../src/functions/http/readBody.ts";

/** A client that sends so many chunks of 64 KiB without saying it beforehand, and counts what was taken of them. */
function sending(chunks: number, content = new Uint8Array(64 * 1024).fill(32)) {
  let taken = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (taken === chunks) return controller.close();
        taken += 1;
        controller.enqueue(content);
      },
    },
    { highWaterMark: 0 },
  );
  return { request: { headers: new Headers({ "content-type": "application/json" }), body }, taken: () => taken };
}

it("refuses what goes on beyond the limit, when it is at its end", async () => {
  const { request, taken } = sending(20);

  await expect(readBody(request)).rejects.toMatchObject({
    code: "PAYLOAD_TOO_LARGE",
    message: `The body has ${20 * 64 * 1024} bytes; at most 16384 are taken.`,
  });
  expect(taken()).toBe(20);
});

it("does not listen for ever", async () => {
  const { request, taken } = sending(Number.POSITIVE_INFINITY);

  await expect(readBody(request)).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  expect(taken()).toBe(1_025);
});

it("reads what comes in pieces, and nothing where there is none", async () => {
  const { request } = sending(3, new TextEncoder().encode(" 1"));

  await expect(readBody({ ...request, body: null })).rejects.toMatchObject({ code: "MALFORMED_JSON" });
  await expect(readOptionalBody({ ...request, body: null })).resolves.toEqual({});
  await expect(readBody(sending(1, new TextEncoder().encode('{"a":1}')).request)).resolves.toEqual({ a: 1 });
  await expect(readBody(request)).rejects.toMatchObject({ code: "MALFORMED_JSON" });
});
