/** A failure as the text of an error, with what a host puts around it. */
import { describe, expect, it } from "vitest";
import { printFailure, readFailure } from "../../src/durable/failure.ts";

const plain = { code: "SQL_UNAVAILABLE", message: "grantDatabase of sql-dev/orders did not end." };
const ofStep = { ...plain, step: { name: "grantDatabase", target: "sql-dev/or{d}ers" } };

describe.each([
  ["as it is", (text: string) => text],
  [
    "from Azure's host",
    (text: string) => `Activity function 'grantDatabase' failed: ${text} \n {"$type":"System.Exception"}`,
  ],
  ["with its stack", (text: string) => `Result: Failure\nException: ${text}\nStack: Error: ${text}\n    at run`],
])("%s", (_how, wrap) => {
  it.each([plain, ofStep])("is read back: %j", (failure) => {
    expect(readFailure(wrap(printFailure(failure)))).toEqual(failure);
  });

  it("names no step, and no part of one, when it was cut off", () => {
    const whole = printFailure(ofStep);
    for (const left of [whole.length - 1, whole.indexOf('"target"'), whole.indexOf('"grant')])
      expect(readFailure(wrap(whole.slice(0, left)))).toEqual(plain);
  });
});

it("is not in another text", () => {
  expect(readFailure("the worker died")).toBeUndefined();
});
