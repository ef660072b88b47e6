/** What a queue message holds, in every form in which a host may pass it on. */
import { expect, it } from "vitest";
import { readMessage } from "../../../src/application/queue/readMessage.ts";

const request = { cluster: "aks-dev", namespace: "team-a" };
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

it.each([
  ["a value", request],
  ["text", JSON.stringify(request)],
  ["bytes", bytesOf(request)],
  ["an envelope", { specversion: "1.0", id: "1", source: "/x", type: "y", data: request }],
])("reads %s", (_form, message) => {
  expect(readMessage(message)).toEqual(request);
});

// Within the size limit of a body, and within the depth that a host's own parser accepts.
it.each([5_000, 60_000])("refuses a message that is nested %i levels deep, rather than retrying it", (depth) => {
  const nested: unknown = JSON.parse("[".repeat(depth) + "]".repeat(depth));

  expect(() => readMessage(nested)).toThrow(expect.objectContaining({ name: "Refusal" }));
  expect(() => readMessage({ specversion: "1.0", data: nested })).toThrow(expect.objectContaining({ name: "Refusal" }));
});

it("refuses invalid JSON, a message that is too large, and an envelope without data", () => {
  const refused = (message: unknown) => {
    try {
      return readMessage(message);
    } catch (error) {
      return error instanceof Error && "code" in error ? error.code : error;
    }
  };

  expect(refused("{")).toBe("MALFORMED_JSON");
  expect(refused(bytesOf("x".repeat(17_000)))).toBe("PAYLOAD_TOO_LARGE");
  expect(refused({ specversion: "1.0" })).toBe("INVALID_REQUEST");
});
