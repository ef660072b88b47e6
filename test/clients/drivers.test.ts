import { expect, it } from "vitest";
import { languages, printLogins } from "../../clients/drivers.ts";
import { describeDrivers } from "../../tools/driverReference.ts";
import { readReference } from "../../tools/reference.ts";

it("is in docs/drivers.md, word for word (tools/writeDriverReference.ts writes it)", () => {
  expect(readReference("drivers.md")).toBe(describeDrivers());
});

it.each(languages)("prints lines to paste for %s, with what they need", (language) => {
  expect(printLogins(language)).toMatch(/^(?:\/\/|#) Azure SQL database: .+ or later\n/);
});
