import { expect, it } from "vitest";
import { tell } from "../../../src/domain/operation/reasons.ts";

const failed = { name: "removeIdentity", target: "mooring-a" };
const records = [
  { name: "removeIdentity", target: "mooring-b", error: { message: "Another one." } },
  { ...failed, error: { message: "Azure answered 409." } },
];

it("tells a step's reason from its record, and without one which step it was", () => {
  const parts = ["SQL is away. What could not be undone: removeIdentity (", failed, ")."];

  expect(tell(parts, records)).toBe("SQL is away. What could not be undone: removeIdentity (Azure answered 409.).");
  expect(tell([failed])).toBe("Step removeIdentity of mooring-a did not succeed.");
});

it("takes no text for a step, whatever it says", () => {
  const text = "Step removeIdentity of mooring-a did not succeed.";

  expect(tell([text], records)).toBe(text);
});
