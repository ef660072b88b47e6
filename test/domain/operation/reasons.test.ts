import { expect, it } from "vitest";
import { describeReasons } from "../../../src/domain/operation/reasons.ts";

const failed = { name: "removeIdentity", target: "mooring-a" };
const records = [
  { name: "removeIdentity", target: "mooring-b", error: { message: "Another one." } },
  { ...failed, error: { message: "Azure answered 409." } },
];

it("tells a step's reason from its record, and without one which step it was", () => {
  const parts = ["SQL is away. What could not be undone: removeIdentity (", failed, ")."];

  expect(describeReasons(parts, records)).toBe(
    "SQL is away. What could not be undone: removeIdentity (Azure answered 409.).",
  );
  expect(describeReasons([failed])).toBe("Step removeIdentity of mooring-a did not succeed.");
});

it("takes no text for a step, whatever it says", () => {
  const text = "Step removeIdentity of mooring-a did not succeed.";

  expect(describeReasons([text], records)).toBe(text);
});
