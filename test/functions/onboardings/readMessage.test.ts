/** What a queue message holds, in every form in which a host may hand it over. */
import { expect, it } from "vitest";
import { readMessage } from "../../../src/functions/onboardings/readMessage.ts";

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

// Within the limit of a body, and as deep as a host's own parser goes along with.
it.each([5_000, 60_000])("refuses what is nested %i deep, and does not take it for something that passes", (depth) => {
  const nested: unknown = JSON.parse("[".repeat(depth) + "]".repeat(depth));

  expect(() => readMessage(nested)).toThrow(expect.objectContaining({ name: "Refusal" }));
  expect(() => readMessage({ specversion: "1.0", data: nested })).toThrow(expect.objectContaining({ name: "Refusal" }));
});

it("refuses what is no JSON, too large, or an envelope without data", () => {
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
