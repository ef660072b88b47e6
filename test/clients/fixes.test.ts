import { describe, expect, it } from "vitest";
import { fixInCommands, fixOnPages } from "../../clients/fixes.ts";
import { httpActs } from "../../src/domain/errors/fix.ts";
import { errorCatalogue, fixDocumentOf, isErrorCode } from "../../src/domain/errors.ts";

const fixable = (code: string) => {
  if (!isErrorCode(code)) throw new Error(`${code} is not in the catalogue`);
  return fixDocumentOf(code, "answered");
};
const act = (name: keyof typeof httpActs) => ({ act: name, http: httpActs[name] });

describe("on the command line", () => {
  const subject = { operation: "1-2", cluster: "aks-dev", namespace: "team-a" };

  it("is said in commands where the service says routes", () => {
    const said = Object.keys(errorCatalogue).map((code) => fixInCommands(fixable(code), subject));

    expect(
      said.filter(({ fix }) =>
        /\/api\/|\b(GET|POST|DELETE) |[?&]\w+=true|\b(dryRun|takeOver|ignoreDependants)=|[{}]/.test(fix),
      ),
    ).toEqual([]);
    expect(said.filter(({ next }) => next !== undefined).length).toBeGreaterThan(15);
  });

  it("names as the next command only one that is complete", () => {
    const fixParts = [act("compensate"), " or ", act("catalog")];

    expect(fixInCommands({ fix: "", fixParts })).toEqual({
      fix: "mooring compensate <operation> or mooring catalog",
      next: "mooring catalog",
    });
  });
});

it("is shown as it came if the service is older, or words it for the case", () => {
  const command = "az role assignment create --role x";

  for (const error of [{ fix: command }, { fix: command, fixParts: [command] }]) {
    expect(fixInCommands(error)).toEqual({ fix: command });
    expect(fixOnPages(error)).toEqual([[command]]);
  }
});

it("keeps the service's words for an act that only a newer service has", () => {
  const fixParts = ["Run ", { act: "constructor", http: "POST /api/new" }, "."];

  expect(fixInCommands({ fix: "", fixParts })).toEqual({ fix: "Run POST /api/new." });
  expect(fixOnPages({ fix: "", fixParts })).toEqual([["Run "], ["POST /api/new", undefined], ["."]]);
});

it("links to pages of the dashboard", () => {
  const fixParts = ["Check the id; ", act("operations"), " lists them, ", act("migrateBack"), " goes back."];

  expect(fixOnPages({ fix: "", fixParts })).toEqual([
    ["Check the id; "],
    ["Operations", "operations"],
    [" lists them, "],
    ["Go back on the namespace's page", undefined],
    [" goes back."],
  ]);
});
