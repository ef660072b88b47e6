import { HttpRequest } from "@azure/functions";
import { expect, it } from "vitest";
import { expectParameters } from "../../src/http/unknownParameters.ts";

const known = ["status", "kind", "top", "dryRun"];
const expectKnown = (query: string, of: readonly string[] = known) =>
  expectParameters(new HttpRequest({ method: "GET", url: `http://mooring/api/operations${query}` }), of);

it.each([
  ["?stat=Failed", "stat is not known here; perhaps status is meant."],
  ["?State=Failed", "State is not known here."],
  ["?Status=Failed", "Status is written status."],
  ["?dryrun=true", "dryrun is written dryRun."],
  ["?dry-run=true", "dry-run is written dryRun."],
  ["?dry_run=", "dry_run is written dryRun."],
  ["?dryRun=false&DryRun=true", "DryRun is written dryRun."],
  ["?fieldManager=kubectl", "fieldManager is not known here."],
])("refuses %s, and names the parameters that the route has", (query, told) => {
  const [name = ""] = told.split(" ");

  expect(() => expectKnown(query)).toThrow(
    expect.objectContaining({
      code: "INVALID_PARAMETER",
      message: `Query parameter ${told} This route has dryRun, kind, status, top; nothing was done.`,
      details: { errors: [{ pointer: `?${name}`, detail: told.slice(name.length + 1, -1) }] },
    }),
  );
});

it("names every one of them, once", () => {
  expect(() => expectKnown("?a=1&b=2&a=3", [])).toThrow(
    "Query parameter a is not known here. Query parameter b is not known here. This route has no query parameters; nothing was done.",
  );
});

it.each(["", "?status=Failed&top=5", "?code=function-key&clientId=default"])("accepts %s", (query) => {
  expectKnown(query);
});
