import { expect, it } from "vitest";
import { readTraceparent, traceIdOf, traceOf } from "../../../src/domain/watching/trace.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";
const caller = `00-${trace}-b7ad6b7169203331-01`;
const host = `00-${trace}-00f067aa0ba902b7-01`;

it("continues the caller's trace under the span that the host opened", () => {
  expect(traceOf({ caller, host })).toBe(host);
});

it("keeps the caller's trace and span when the host follows another trace, or none", () => {
  const other = "00-11111111111111111111111111111111-00f067aa0ba902b7-00";

  expect(traceOf({ caller, host: other })).toBe(caller);
  expect(traceOf({ caller, host: undefined })).toBe(caller);
});

it("starts a new trace for every request without one", () => {
  const [first, second] = [1, 2].map(() => traceOf({ caller: null, host: undefined }));

  expect(readTraceparent(first)).toBe(first);
  expect(traceIdOf(first ?? "")).not.toBe(traceIdOf(second ?? ""));
});

it.each([
  "nonsense",
  "00-00000000000000000000000000000000-b7ad6b7169203331-01",
  "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
  "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
  "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  `${caller}\r\nset-cookie: a=b`,
])("rejects %s as a trace", (text) => {
  expect(readTraceparent(text)).toBeUndefined();
  expect(traceOf({ caller: text, host })).toBe(host);
});
